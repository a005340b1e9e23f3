"""Room for sockets is made before the load."""

from __future__ import annotations

import subprocess
import sys

import pytest

from perfkit.loadtest.engine_process import ENGINE

SCRIPT = """
import os, resource, sys
sys.path.insert(0, sys.argv[1])
from _perfkit_room import make_room
hard = 4096
resource.setrlimit(resource.RLIMIT_NOFILE, (200, hard))
before = set(os.listdir("/proc/self/fd"))
for sockets in (10, 3000, 1 << 40):
    make_room(sockets)
    assert set(os.listdir("/proc/self/fd")) == before
    print(resource.getrlimit(resource.RLIMIT_NOFILE)[0], end=" ")
print(hard)
print(open("/proc/self/status").read())
"""


@pytest.mark.skipif(sys.platform != "linux", reason="/proc is Linux's")
def test_the_limit_rises_and_the_table_is_large() -> None:
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(ENGINE)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    limits, _, status = done.stdout.partition("\n")
    *found, hard = map(int, limits.split())
    assert found == [200, min(3128, hard), hard]
    size = next(line for line in status.splitlines() if line.startswith("FDSize:"))
    assert int(size.split()[1]) >= min(3128, hard)
