"""What every stored model promises when it is read back: a plain refusal instead of nonsense."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from safetensors import SafetensorError

from labelloop.encoders.base import Encode
from labelloop.errors import BrokenPromise


@contextmanager
def told_plainly(directory: Path) -> Iterator[None]:
    """Raise BrokenPromise where a model's files cannot be read."""
    try:
        yield
    except (OSError, ValueError, KeyError, TypeError, SafetensorError) as error:
        raise BrokenPromise(f"The model in {directory} cannot be read ({error}): roll back or fit again.") from error


def check_encoder(directory: Path, fitted_with: str, encode: Encode) -> None:
    """Raise BrokenPromise if the model was fitted to the vectors of another encoder."""
    if fitted_with != encode.digest:
        raise BrokenPromise(
            f"The model in {directory} was fitted with the encoder {fitted_with[:16]}, not {encode.digest[:16]}: "
            "set LABELLOOP_ENCODER* back to what they were, or fit again."
        )
