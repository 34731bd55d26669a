"""What is replayed: which learners, which strategy, and at which numbers of labels a round closes."""

from dataclasses import dataclass

from labelloop.domain.default_learners import background_learners, default_learners
from labelloop.domain.schema import Field
from labelloop.errors import UserError
from labelloop.plugins import learner, strategy
from labelloop.state.field_learners import can_learn

DEFAULT = "default"
"""The name, among learners, of those that the product itself would fit."""


@dataclass(frozen=True, slots=True)
class Machine:
    """What the default learners may count on: cores, a GPU, and whether those that take minutes are wanted."""

    cores: int
    gpu: bool = False
    background: bool = False


@dataclass(frozen=True, slots=True)
class Plan:
    """Candidates by recipe or `default`, a strategy by name, and rising numbers of labels."""

    learners: tuple[str, ...]
    strategy: str
    rounds: tuple[int, ...]
    machine: Machine

    def groups(self, field: Field, labels: int) -> dict[str, tuple[str, ...]]:
        """Return the recipes that each of the learners stands for when there are so many labels."""
        return {name: self._recipes(name, field, labels) for name in self.learners}

    def specs(self, field: Field, labels: int) -> tuple[str, ...]:
        """Return every recipe that is fitted when there are so many labels, each once."""
        return tuple(dict.fromkeys(spec for group in self.groups(field, labels).values() for spec in group))

    def fits(self, field: Field) -> int:
        """Return how many fits one run makes."""
        return sum(len(self.specs(field, labels)) for labels in self.rounds)

    def require(self, field: Field, texts: int) -> None:
        """Raise UserError where the plan cannot be followed: too few texts, a learner of other kinds, unknown names."""
        if list(self.rounds) != sorted(set(self.rounds)) or not self.rounds or self.rounds[0] < 1:
            raise UserError("Rounds are rising numbers of labels, such as 50,100,200.")
        strategy(self.strategy)
        if self.rounds[-1] > texts:
            raise UserError(f"Only {texts} texts are left to label: ask for rounds of fewer labels.")
        for spec in self.specs(field, self.rounds[-1]):
            kinds = learner(spec).kinds
            if not can_learn(spec, field):
                raise UserError(
                    f"The learner {spec} cannot learn {field.kind_in_words}, only {', '.join(sorted(kinds))}."
                )

    def _recipes(self, name: str, field: Field, labels: int) -> tuple[str, ...]:
        if name != DEFAULT:
            return (name,)
        quick, machine = default_learners(field.kind), self.machine
        if not machine.background:
            return quick
        slow = background_learners(
            field.kind, labels=labels, classes=len(field.labels), cores=machine.cores, gpu=machine.gpu
        )
        return (*quick, *(one.spec for one in slow))
