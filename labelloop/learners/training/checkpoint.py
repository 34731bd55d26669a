"""Where a fit stands, kept in one file, so that a killed worker goes on instead of beginning again."""

import json
import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import structlog

if TYPE_CHECKING:
    import torch

EVERY_S = 30.0
"""Seconds between two checkpoints, which may be gigabytes."""
_MOMENTS = ("step", "exp_avg", "exp_avg_sq")
_log = structlog.get_logger()


class Checkpoint:
    """One safetensors file of tensors, and in its header as JSON whatever else a fit must know.

    `key` tells one fit from another: what a fit of other examples or another learner left is not taken up.
    """

    def __init__(self, path: Path, key: str) -> None:
        self._path = path
        self._key = key
        self._written = time.monotonic()

    @property
    def due(self) -> bool:
        """Return whether the last one is old enough."""
        return time.monotonic() - self._written >= EVERY_S

    def write(self, tensors: "Mapping[str, torch.Tensor]", facts: Any) -> None:
        """Keep all of it at once, or, if the worker is killed meanwhile, what was kept before."""
        from safetensors.torch import save_file

        unfinished = self._path.with_suffix(".unfinished")
        plain = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
        save_file(plain, unfinished, {"key": self._key, "facts": json.dumps(facts)})
        with unfinished.open("rb") as file:
            os.fsync(file.fileno())
        unfinished.replace(self._path)
        self._written = time.monotonic()

    def read(self) -> "tuple[dict[str, torch.Tensor], Any] | None":
        """Return the tensors and facts; None where there is nothing of this fit, or nothing whole."""
        from safetensors import SafetensorError, safe_open

        try:
            with safe_open(self._path, framework="pt") as file:
                about = file.metadata() or {}
                if about["key"] != self._key:
                    return None
                return {name: file.get_tensor(name) for name in sorted(file.keys())}, json.loads(about["facts"])
        except FileNotFoundError:
            return None
        except (OSError, SafetensorError, KeyError, ValueError) as error:
            _log.warning("checkpoint_damaged", path=str(self._path), error=str(error), now="beginning again")
            return None


def state_of(weights: "Mapping[str, torch.Tensor]", optimizer: "torch.optim.AdamW") -> "dict[str, torch.Tensor]":
    """Return weights and AdamW's moments, by names of their own."""
    moments = {
        f"moment.{number}.{name}": state[name]
        for number, state in optimizer.state_dict()["state"].items()
        for name in _MOMENTS
    }
    return {f"weight.{name}": tensor for name, tensor in weights.items()} | moments


def put_back(
    tensors: "Mapping[str, torch.Tensor]", weights: "Mapping[str, torch.Tensor]", optimizer: "torch.optim.AdamW"
) -> None:
    """Write what `state_of` returned into the memory of the weights and into the optimizer."""
    copy({name: tensors[f"weight.{name}"] for name in weights}, weights)
    state = optimizer.state_dict()
    numbers = {int(name.split(".")[1]) for name in tensors if name.startswith("moment.")}
    state["state"] = {n: {name: tensors[f"moment.{n}.{name}"] for name in _MOMENTS} for n in sorted(numbers)}
    optimizer.load_state_dict(state)


def copy(tensors: "Mapping[str, torch.Tensor]", weights: "Mapping[str, torch.Tensor]") -> None:
    """Write tensors into the memory of the weights of the same names."""
    import torch

    with torch.no_grad():
        for name, tensor in weights.items():
            tensor.copy_(tensors[name])
