"""Room for sockets: files a process may open, and the kernel's table of them."""

from __future__ import annotations

import os
import sys
from contextlib import suppress

_OTHERS = 128


def make_room(sockets: int) -> None:
    """Let this process open so many sockets, and have the kernel's table made for them now.

    The table doubles as it fills, from 64 entries on. In a process with several threads that waits
    for every CPU's pass through a quiet state (``expand_fdtable`` in Linux's fs/file.c): 4 to 9 ms
    in the middle of the load (measured), for whoever opens the socket that is one too many.
    """
    if sys.platform == "win32":
        return
    import fcntl
    import resource

    wanted = sockets + _OTHERS
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        most = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        with suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, most), hard))
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    highest = wanted if soft == resource.RLIM_INFINITY else min(wanted, soft - 1)
    with suppress(OSError):
        os.close(fcntl.fcntl(0, fcntl.F_DUPFD_CLOEXEC, highest))
