"""Facts of the machine, and what it did to us meanwhile."""

from __future__ import annotations

import os
import platform
import sys
from pathlib import Path


def facts() -> dict[str, str | int | float | None]:
    """What a reader needs to know of the machine: CPU, kernel, memory, Python that runs perfkit."""
    import psutil

    return {
        "system": platform.platform(),
        "machine": platform.machine(),
        "cpu": _cpu_model(),
        "cpus": os.cpu_count(),
        "cpus usable": len(os.sched_getaffinity(0)) if sys.platform == "linux" else None,
        "memory bytes": psutil.virtual_memory().total,
        "virtualised": _virtualised(),
        "cpu governor": _first_line(Path("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor")),
        "perfkit runs on": f"{platform.python_implementation()} {platform.python_version()}",
    }


def stolen(cpu: int | None) -> tuple[float, float] | None:
    """What the hypervisor took of a CPU (of all: None) and its time in all; None when unknown.

    In clock ticks since the system started, from ``/proc/stat`` (see proc(5)): user, nice, system,
    idle, iowait, irq, softirq, steal.
    """
    name = "cpu" if cpu is None else f"cpu{cpu}"
    try:
        for line in Path("/proc/stat").read_text().splitlines():
            word, *ticks = line.split()
            if word == name:
                counted = [float(tick) for tick in ticks[:8]]
                return counted[7], sum(counted)
    except (OSError, ValueError, IndexError):
        pass
    return None


def stolen_share(
    before: tuple[float, float] | None, after: tuple[float, float] | None
) -> float | None:
    """Share of the CPU's time stolen between two readings of `stolen`."""
    if before is None or after is None:
        return None
    total = after[1] - before[1]
    return (after[0] - before[0]) / total if total > 0 else 0.0


def load() -> float | None:
    """One-minute load average, or None where there is none."""
    try:
        return os.getloadavg()[0]
    except (AttributeError, OSError):
        return None


def _cpu_model() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or "unknown"


def _virtualised() -> str | None:
    try:
        flags = Path("/proc/cpuinfo").read_text()
    except OSError:
        return None
    return "yes" if " hypervisor" in flags else "no"


def _first_line(path: Path) -> str | None:
    try:
        return path.read_text().strip()
    except OSError:
        return None
