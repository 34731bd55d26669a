"""A made-up project per kind of field, with people who know the answers and now and then differ."""

from collections.abc import Callable, Iterable
from pathlib import Path

from labelloop.domain.scale import Precision, Scale
from labelloop.domain.schema import Field
from labelloop.domain.tasks import INPUT_BREAK, OPTION_BREAK, Origin, Task
from labelloop.domain.values import (
    OF_THE_TASK,
    QUANTITIES,
    Choice,
    Choices,
    FieldKind,
    Moment,
    Ranking,
    Rating,
    Span,
    Spans,
    Text,
    Value,
)
from labelloop.rules import Rules
from tests.core.kinds import PEOPLE, PLACES
from tests.core.made_up import LABELS, WORDS, MadeUp, text, truth

STARS = {"good": 5, "odd": 3, "bad": 1}
ALLOWED = {
    FieldKind.RATING: ("1", "2", "3", "4", "5"),
    FieldKind.PAIRWISE: ("left", "right"),
    FieldKind.TAXONOMY: tuple(f"mood > {label}" for label in LABELS),
    FieldKind.SPANS: ("Person", "Place"),
    FieldKind.RANKING: ("best",),
    **dict.fromkeys((FieldKind.TEXT, FieldKind.OPTION, FieldKind.OPTIONS, *QUANTITIES), ()),
}
SCALES = {FieldKind.NUMBER: Scale(0, 80, 40), FieldKind.DATETIME: Scale(precision=Precision.YEAR, form="%Y-%m-%d")}
OFFERED = OPTION_BREAK.join(f"{label}\n{' '.join(WORDS[label])} 🙂" for label in LABELS)
SAYS: dict[FieldKind, Callable[[str], Value]] = {
    FieldKind.CHOICE: Choice,
    FieldKind.CHOICES: lambda mood: Choices(frozenset({mood})),
    FieldKind.TAXONOMY: lambda mood: Choices(frozenset({f"mood > {mood}"})),
    FieldKind.RATING: lambda mood: Rating(STARS[mood]),
    FieldKind.NUMBER: lambda mood: SCALES[FieldKind.NUMBER].number(20.0 * (STARS[mood] - 1)),
    FieldKind.DATETIME: lambda mood: Moment(f"{2020 + STARS[mood] // 2}-01-01"),
    FieldKind.OPTION: Choice,
    FieldKind.OPTIONS: lambda mood: Choices(frozenset({mood})),
    FieldKind.RANKING: lambda mood: Ranking((("best", (mood, *sorted({*LABELS} - {mood}))),)),
    FieldKind.TEXT: lambda mood: Text(f"This day was {mood}. 谢谢 🙏\nGoodbye!"),
}
LIVES = ("{0} lives in {1} now 🎉 ({2}).", "{0}住在{1}。{2}", "Yesterday, {0} left {1}! {2}", "{2}: nobody is here")


def field_of(kind: FieldKind) -> Field:
    """Return a field of the kind."""
    inputs = ("one", "other") if kind is FieldKind.PAIRWISE else ("text",)
    allowed = ALLOWED.get(kind, LABELS)
    if kind in OF_THE_TASK:
        reads = "text list" if kind is FieldKind.RANKING else "text options"
        return Field("mood", kind, allowed, "text", ("text", "offers"), reads)
    return Field("mood", kind, allowed, "text", inputs, scale=SCALES.get(kind))


def known(kind: FieldKind, number: int) -> tuple[str, Value]:
    """Return the text of a task and its true value; no two texts are equal."""
    if kind is FieldKind.SPANS:
        person, place = PEOPLE[number % 5], PLACES[number // 5 % 5]
        said = LIVES[number % 4].format(person, place, number)
        names = [(person, "Person"), (place, "Place")] if number % 4 < 3 else []
        return said, Spans(
            frozenset(Span(said.index(name), said.index(name) + len(name), label) for name, label in names)
        )
    if kind is FieldKind.PAIRWISE:
        better, worse = text(3 * number), text(3 * number + 1)
        pair = (better, worse) if number % 2 else (worse, better)
        return INPUT_BREAK.join(pair), Choice("left" if number % 2 else "right")
    said = INPUT_BREAK.join((text(number), OFFERED)) if kind in OF_THE_TASK else text(number)
    return said, SAYS[kind](truth(number))


def other_than(kind: FieldKind, value: Value) -> Value:
    """Return something else that the field allows."""
    match kind, value:
        case FieldKind.SPANS, Spans(spans):
            moved = {Span(max(0, s.start - 1), s.end, "Place" if s.label == "Person" else "Person") for s in spans}
            return Spans(frozenset(moved or {Span(0, 1, "Person")}))
        case FieldKind.PAIRWISE, _:
            return Choice("left" if value == Choice("right") else "right")
        case _:
            return SAYS[kind](next(label for label in LABELS if SAYS[kind](label) != value))


class Known(MadeUp):
    """A made-up project of any kind of field, in which people know the truth of every task."""

    def __init__(self, folder: Path, kind: FieldKind, tasks: int, rules: Rules) -> None:
        self.kind = kind
        self.truths = {number: known(kind, number) for number in range(1, tasks + 1)}
        super().__init__(folder, rules, field_of(kind))
        self.add(Task(number, said) for number, (said, _) in self.truths.items())

    def judge(
        self,
        tasks: Iterable[int],
        person: int = 1,
        value: Value | str | None = None,
        origin: Origin = Origin.MANUAL,
        skipped: bool = False,
    ) -> None:
        """Let a person say of the tasks what is true, or what they are told; the second errs on one in five."""
        for task in tasks:
            true = self.truths[task][1]
            said = other_than(self.kind, true) if person == 2 and task % 5 == 0 else true
            super().judge([task], person, said if value is None else value, origin, skipped)
