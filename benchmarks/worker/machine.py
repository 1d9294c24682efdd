"""What a figure was measured on, for the head of every result."""

import os
import platform
from datetime import UTC, datetime
from pathlib import Path
from typing import Any


def about() -> dict[str, Any]:
    """Return processor, cores, memory, system and date."""
    return {
        "machine": platform.machine(),
        "processor": _processor(),
        "cores": os.cpu_count(),
        "memory GB": round(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 1e9, 1),
        "system": platform.system(),
        "python": platform.python_version(),
        "date": datetime.now(UTC).date().isoformat(),
    }


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    if not info.exists():
        return platform.processor()
    said = [line.partition(":")[2].strip() for line in info.read_text("utf-8").splitlines()]
    names = [line.partition(":")[0].strip() for line in info.read_text("utf-8").splitlines()]
    found = dict(reversed(list(zip(names, said, strict=True))))  # the first core's
    flags = [flag for flag in ("avx2", "avx512f", "avx512_vnni", "avx512_bf16", "amx_int8") if flag in found["flags"]]
    return f"{found['model name']} (family {found['cpu family']}, model {found['model']}; {' '.join(flags)})"
