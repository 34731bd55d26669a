"""A span model's files: one of JSON, and one of numbers where it has some."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import load_file, save_file

from labelloop.learners.tagging.softmax import Floats

ABOUT, NUMBERS = "spans.json", "spans.safetensors"


def write(directory: Path, about: Mapping[str, Any], numbers: Mapping[str, Floats] | None = None) -> None:
    """Write a model; the same one always has the same bytes."""
    (directory / ABOUT).write_text(json.dumps(about, ensure_ascii=False, sort_keys=True) + "\n", "utf-8")
    if numbers is not None:
        # save_file writes memory as it lies, whatever the array's order of axes.
        save_file({name: np.ascontiguousarray(array) for name, array in numbers.items()}, directory / NUMBERS)


def read_about(directory: Path) -> Any:
    """Return what `write` was told; to be called within `told_plainly`."""
    return json.loads((directory / ABOUT).read_text("utf-8"))


def read_numbers(directory: Path) -> dict[str, Floats]:
    """Return the arrays that `write` was given; to be called within `told_plainly`."""
    arrays: dict[str, Floats] = load_file(directory / NUMBERS)
    return arrays
