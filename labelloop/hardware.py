"""What this machine has to compute with, found without loading what computes."""

import os
from pathlib import Path

_NVIDIA = Path("/dev/nvidia0")


def cores() -> int:
    """Return how many processor cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def has_gpu() -> bool:
    """Return whether there is an NVIDIA GPU that this process can see."""
    return _NVIDIA.exists()
