"""A project's Rules: what its annotation lead may decide, read from TOML and frozen into every round."""

import json
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from labelloop.encoders.encoder_spec import WINDOWS
from labelloop.errors import UserError
from labelloop.formatting import did_you_mean

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails


ALL_FIELDS = "all"
"""Stands in the rule `fields` for every field that can be learned, those that are added later too."""

MOST = 10**9
"""No project has more tasks: numbers without a limit are too large for what computes with them later."""


class Rules(BaseModel):
    """How one project is looped; the defaults are those of docs/settings.md."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    fields: tuple[str, ...] = Field((ALL_FIELDS,), description="control tags to loop, or `all` that can be learned")
    monitor_size: int = Field(
        200, ge=1, le=MOST, description="MONITOR tasks planned (never more than a quarter of the pool)"
    )
    monitor_share: float = Field(0.2, ge=0, le=1, description="their share of the queue until all are labelled")
    monitor_people: int = Field(2, ge=1, le=100, description="different annotators who label each MONITOR task")
    margin: float = Field(0.1, gt=0, lt=1, description="how far a model at human level may be below people, in [0, 1]")
    looks: int = Field(
        5, ge=1, le=1000, description="verdicts planned on one audit set; they share the 5 % risk of a false yes"
    )
    round_size: int = Field(
        25, ge=1, le=MOST, description="smallest number of newly settled TRAIN labels that closes a round"
    )
    round_growth: float = Field(0.1, ge=0, le=100, description="a round also needs this share of the labels so far")
    queue_rounds: int = Field(5, ge=1, le=MOST, description="rounds' worth of tasks pushed ahead")
    strategy: str = Field("typical-then-cluster-margin", description="query strategy that orders the TRAIN tasks")
    learners: tuple[str, ...] = Field((), description="candidate learners; none: those that suit the kind of field")
    encoder: str | None = Field(None, description="encoder of the texts; default: LABELLOOP_ENCODER")
    long_texts: Literal["windows", "beginning"] = Field(
        "windows", description="how the encoder reads a text that is longer than it can read at once"
    )
    fit_minutes: float = Field(
        60, gt=0, le=100_000, description="a background learner ends its fit after this many minutes"
    )
    pre_annotate: bool = Field(True, description="show the model's prediction on TRAIN tasks")
    show_from: float = Field(0, ge=0, le=1, description="predictions with less confidence are not shown; 0: all are")
    gold: float = Field(0, ge=0, le=0.1, description="share of settled audit tasks put back to check people; 0: none")
    own_columns: bool = Field(False, description="write the tasks' own columns into the files of a round too")
    seed: int = Field(20261122, ge=0, le=2**32 - 1, description="seed of every draw")

    @classmethod
    def stored(cls, text: str) -> "Rules":
        """Return Rules as a connection keeps them (JSON), old ones with what held before there was a rule for it."""
        return cls.model_validate({"long_texts": "beginning", "fields": ()} | json.loads(text))

    @model_validator(mode="before")
    @classmethod
    def _one_field(cls, given: object) -> object:
        # Before there could be several the rule was called `field`; without a name it was the first.
        if isinstance(given, dict) and "field" in given:
            one = given["field"]
            rest = {key: value for key, value in given.items() if key != "field"}
            return rest | {"fields": (one,)} if one else rest
        return given

    @property
    def windows(self) -> int:
        """Return in how many windows the encoder reads a long text at most."""
        return WINDOWS if self.long_texts == "windows" else 1

    @classmethod
    def read(cls, path: Path) -> "Rules":
        """Read Rules from a TOML file; raises UserError naming every key that is wrong."""
        return cls().changed(read_rules_file(path), source=f"{path}: ")

    def changed(self, values: Mapping[str, object], unset: Iterable[str] = (), *, source: str = "") -> "Rules":
        """Return these Rules with some values replaced and those of `unset` at their defaults.

        Raises UserError naming every key that is wrong, after `source`, and the nearest key to one that there is not.
        """
        gone = {key: None for key in unset if key not in type(self).model_fields}
        kept = self.model_dump(exclude=set(unset))
        try:
            return type(self).model_validate(kept | dict(values) | gone)
        except ValidationError as error:
            faults = "; ".join(_fault(one) for one in error.errors())
            raise UserError(f"{source}{faults}. See docs/settings.md for the keys.") from error

    def round_due_at(self, settled: int) -> int:
        """Return how many new TRAIN labels close the next round when `settled` were settled at the last one."""
        return max(self.round_size, round(self.round_growth * settled))


def read_rules_file(path: Path) -> dict[str, object]:
    """Return what a TOML file says, by key, unchecked; raises UserError where it cannot be read."""
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise UserError(f"Cannot read the rules file {path}: {error.strerror}.") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UserError(f"{path} is not valid TOML: {error}. See docs/settings.md for an example.") from error


def parse_assignments(words: Iterable[str]) -> dict[str, object]:
    """Return the rules that words of a command line set; the elements of a list are parted by commas.

    Raises UserError for a word that is no assignment.

    >>> parse_assignments(["round_size=40", "learners=linear,prompt"])
    {'round_size': '40', 'learners': ['linear', 'prompt']}
    """
    values: dict[str, object] = {}
    for word in words:
        key, equals, value = (part.strip() for part in word.partition("="))
        if not equals or not value:
            raise UserError(f"{word!r} sets nothing: write KEY=VALUE, or --unset {key or 'KEY'} for the default.")
        values[key] = [part.strip() for part in value.split(",")] if key in _LISTS else value
    return values


def _fault(error: "ErrorDetails") -> str:
    key = ".".join(map(str, error["loc"]))
    if error["type"] != "extra_forbidden":
        return f"{key}: {error['msg']}"
    return f"{key} is no rule{did_you_mean(key, Rules.model_fields)}"


_LISTS = frozenset(name for name, field in Rules.model_fields.items() if isinstance(field.default, tuple))
