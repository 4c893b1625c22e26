"""What a command line may write to."""

from __future__ import annotations

import pytest

from realtime import commandline
from realtime.errors import UserError
from realtime.sinks.choose import choose


@pytest.mark.parametrize(
    ("option", "path"),
    [
        ("--csv", "song.wav"),
        ("--plot", "../here/song.wav"),
        ("--csv", "linked.csv"),
        ("--labels", "take.wav"),
    ],
)
def test_what_is_listened_to_is_not_overwritten(option, path, tmp_path, monkeypatch):
    here = tmp_path / "here"
    here.mkdir()
    monkeypatch.chdir(here)
    names = ["song.wav", "take.instrument-cnn.wav"]
    for name in names:
        (here / name).write_text("music")
    (here / "linked.csv").symlink_to("song.wav")
    args = commandline.parser().parse_args(["--file", *names, option, path])
    with pytest.raises(UserError, match=f"{option} .*is what you listen to; name another file"):
        choose(args, None)
    assert [(here / name).read_text() for name in names] == ["music", "music"]
