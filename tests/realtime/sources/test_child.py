import subprocess
import sys

import pytest

from realtime.sources import child


@pytest.mark.parametrize(
    ("code", "status"),
    [("sys.stdin.read()", 0), ("time.sleep(60)", -9), ("sys.exit(3)", 3)],
    ids=["in order", "not by itself", "before"],
)
@pytest.mark.skipif(sys.platform == "win32", reason="another status there")
def test_it_ends(code, status):
    argv = [sys.executable, "-c", f"import sys, time\nprint(flush=True)\n{code}"]
    process = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    with process.stdout:
        process.stdout.readline()  # it runs
        child.end(process, 0.2 if status < 0 else 30)
    assert process.returncode == status
