"""A project's Rules: what its annotation lead may decide, read from TOML and frozen into every round."""

import tomllib
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from labelloop.errors import UserError


class Rules(BaseModel):
    """How one project is looped; the defaults are those of docs/settings.md."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    field: str | None = Field(None, description="control tag to loop; default: the first one that can be learned")
    monitor_size: int = Field(200, ge=1, description="MONITOR tasks planned (never more than a quarter of the pool)")
    monitor_share: float = Field(0.2, ge=0, le=1, description="their share of the queue until all are judged")
    monitor_people: int = Field(2, ge=1, description="different people who judge each MONITOR task")
    margin: float = Field(0.1, gt=0, lt=1, description="how far a model at human level may be below people, in [0, 1]")
    looks: int = Field(5, ge=1, description="verdicts planned on one audit set; they share the 5 % risk of a false yes")
    round_size: int = Field(25, ge=1, description="smallest number of newly settled TRAIN labels that closes a round")
    round_growth: float = Field(0.1, ge=0, description="a round also needs this share of the labels so far")
    queue_rounds: int = Field(5, ge=1, description="rounds' worth of tasks pushed ahead")
    strategy: str = Field("typical-then-cluster-margin", description="query strategy that orders the TRAIN tasks")
    learners: tuple[str, ...] = Field((), description="candidate learners; none: those that suit the kind of field")
    fit_minutes: float = Field(60, gt=0, description="a background learner ends its fit after so many minutes")
    pre_annotate: bool = Field(True, description="show the model's answer on TRAIN tasks")
    seed: int = Field(20261122, description="seed of every draw")

    @classmethod
    def read(cls, path: Path) -> "Rules":
        """Read Rules from a TOML file; raises UserError naming every key that is wrong."""
        try:
            return cls.model_validate(tomllib.loads(path.read_text("utf-8")))
        except OSError as error:
            raise UserError(f"Cannot read the rules file {path}: {error.strerror}.") from error
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise UserError(f"{path} is not valid TOML: {error}. See docs/settings.md for an example.") from error
        except ValidationError as error:
            faults = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
            raise UserError(f"{path}: {faults}. See docs/settings.md for the keys.") from error

    def round_due_at(self, settled: int) -> int:
        """Return how many new TRAIN labels close the next round when `settled` were settled at the last one."""
        return max(self.round_size, round(self.round_growth * settled))
