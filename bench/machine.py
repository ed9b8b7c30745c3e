"""The machine of the measurements, for the document."""

from __future__ import annotations

import os
import platform
import sys
from pathlib import Path


def machine() -> dict[str, str]:
    """Processor, cores, memory, kernel and Python."""
    return {
        "processor": _line(Path("/proc/cpuinfo"), "model name"),
        "cores": str(os.cpu_count()),
        "memory": f"{int(_line(Path('/proc/meminfo'), 'MemTotal').split()[0]) / 1024**2:.1f} GiB",
        "kernel": f"{platform.system()} {platform.release()}",
        "python": sys.version.split()[0],
        "virtual": "yes" if "hypervisor" in _line(Path("/proc/cpuinfo"), "flags").split() else "no",
    }


def load() -> float:
    """The load of the last minute; a value far above zero before a run means that other processes disturb it."""
    return os.getloadavg()[0]


def _line(path: Path, name: str) -> str:
    try:
        lines = path.read_text().splitlines()
    except OSError:
        return "unknown 0"
    return next((line.split(":", 1)[1].strip() for line in lines if line.startswith(name)), "unknown 0")
