"""Where to compute, and with which numbers."""

from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch


def best_device() -> "torch.device":
    """Return the first GPU, or the CPU where there is none."""
    import torch

    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def half_precision(device: "torch.device") -> "torch.dtype | None":
    """Return the short numbers that the device computes with: bfloat16 where it can, else float16; None on a CPU."""
    import torch

    if device.type != "cuda":
        return None
    return torch.bfloat16 if torch.cuda.is_bf16_supported() else torch.float16


def mixed(device: "torch.device") -> AbstractContextManager[object]:
    """Return the context in which a forward pass runs in mixed precision on a GPU, plainly on a CPU."""
    import torch

    short = half_precision(device)
    return nullcontext() if short is None else torch.autocast(device.type, short)
