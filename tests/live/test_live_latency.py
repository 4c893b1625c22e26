"""The benchmark of what is ours of the latency fails where that is too much."""

from __future__ import annotations

import pytest

from benchmarks import live_latency


@pytest.mark.parametrize("form", [[], ["--json"]])
@pytest.mark.parametrize(("total", "status"), [(24.0, 0), (26.0, 1)])
def test_beyond_a_tenth_of_the_hop_is_1(monkeypatch, capsys, form, total, status):
    latency = dict.fromkeys(live_latency.STAGES, 1.0) | {"total": total}
    lines = [{"model": "one", "t": n / 4, "latency_ms": latency} for n in range(40)]
    monkeypatch.setattr(live_latency, "listen", lambda args, env: lines)
    monkeypatch.setattr("sys.argv", ["live_latency", "mic", "--hop", "0.25", *form])
    assert live_latency.main() == status
    assert str(total) in capsys.readouterr().out
