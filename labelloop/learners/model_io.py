"""A stored model's files: the same model always has the same bytes, and what is damaged is refused plainly."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import save_file

from labelloop.encoders.base import Encode
from labelloop.errors import BrokenPromise


def write_json(path: Path, about: object) -> None:
    """Write what a model says of itself, in one line."""
    path.write_text(json.dumps(about, ensure_ascii=False, sort_keys=True) + "\n", "utf-8")


def read_json(path: Path) -> Any:
    """Return what `write_json` was given; to be called within `damage_reported`."""
    return json.loads(path.read_text("utf-8"))


def write_arrays(path: Path, arrays: Mapping[str, NDArray[Any]]) -> None:
    """Write arrays as safetensors."""
    # save_file writes memory as it lies, whatever the array's order of axes.
    save_file({name: np.ascontiguousarray(array) for name, array in arrays.items()}, path)


@contextmanager
def damage_reported(directory: Path) -> Iterator[None]:
    """Raise BrokenPromise where a model's files cannot be read."""
    try:
        yield
    except (OSError, ValueError, KeyError, TypeError, SafetensorError) as error:
        raise BrokenPromise(f"The model in {directory} cannot be read ({error}): roll back or fit again.") from error


class OtherEncoder(BrokenPromise):
    """A model was fitted to the vectors of another encoder, whose `digest` it names."""

    def __init__(self, message: str, digest: str) -> None:
        super().__init__(message)
        self.digest = digest


def check_encoder(directory: Path, fitted_with: str, encode: Encode) -> None:
    """Raise OtherEncoder if the model was fitted to the vectors of another encoder."""
    if fitted_with != encode.digest:
        raise OtherEncoder(
            f"The model in {directory} was fitted with the encoder {fitted_with[:16]}, not {encode.digest[:16]}: "
            "set LABELLOOP_ENCODER* back to what they were, or fit again with `labelloop refit`.",
            fitted_with,
        )
