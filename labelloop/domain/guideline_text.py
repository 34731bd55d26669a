"""The guideline: what is asked of every text, and one rule per label; Markdown that people read and write."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import assert_never

from labelloop.domain.marked_text import REGION_MARKS
from labelloop.domain.renames import renamed
from labelloop.domain.scale import Precision
from labelloop.domain.schema import Field, Unit
from labelloop.domain.values import FieldKind

TITLE = "# Guideline"

_MOMENTS = {
    None: "date",
    Precision.YEAR: "year",
    Precision.MONTH: "month",
    Precision.DATE: "date",
    Precision.TIME: "time of day",
    Precision.MINUTE: "date and time",
}


@dataclass(frozen=True, slots=True)
class Rule:
    """When a label applies; `text` is empty where the label says it all."""

    label: str
    text: str = ""


@dataclass(frozen=True, slots=True)
class GuidelineText:
    """What is to be done, and a rule for each of the field's labels, in their order."""

    task: str
    rules: tuple[Rule, ...]

    def written(self) -> str:
        """Return the guideline as Markdown, one heading per label; `read_guideline` takes it back."""
        sections = [f"## {one_line(rule.label)}\n{rule.text}".rstrip() for rule in self.rules]
        return "\n\n".join([TITLE, self.task, *sections]) + "\n"


def first_guideline(field: Field) -> GuidelineText:
    """Return the guideline that follows from the labelling configuration alone."""
    return GuidelineText(_task(field), tuple(Rule(label, _rule(field, label)) for label in field.labels))


def read_guideline(text: str, field: Field) -> GuidelineText:
    """Return the guideline that stands in Markdown: what follows a heading `## <label>` is that label's rule.

    A label that was renamed keeps the rule under its old name. All else is the task; a label without a heading keeps
    the rule that follows from the configuration.
    """
    labels = {one_line(label): label for label in field.labels}
    task: list[str] = []
    rules: dict[str, list[str]] = {}
    lines = task
    for line in text.splitlines():
        title = one_line(line.removeprefix("## ")) if line.startswith("## ") else ""
        label = labels.get(renamed(title, field.renames))
        if label is not None:
            lines = rules.setdefault(label, [])
        elif line.startswith(("# ", "## ")):
            lines = task
            task.extend([] if line.strip() == TITLE else [line])
        else:
            lines.append(line)
    first = first_guideline(field)
    read_rules = tuple(Rule(r.label, _joined(rules[r.label]) if r.label in rules else r.text) for r in first.rules)
    return GuidelineText(_joined(task) or first.task, read_rules)


def unknown_headings(text: str, field: Field) -> list[str]:
    """Return the headings `## …` that name no label of a field that has some: their rules would go to no label."""
    titles = [one_line(line.removeprefix("## ")) for line in text.splitlines() if line.startswith("## ")]
    labels = {one_line(label) for label in field.labels}
    return [title for title in titles if labels and renamed(title, field.renames) not in labels]


def one_line(label: str) -> str:
    r"""Return a label as a heading holds it.

    >>> one_line(" very\n good ")
    'very good'
    """
    return " ".join(label.split())


def _joined(lines: Sequence[str]) -> str:
    return "\n".join(lines).strip()


def _task(field: Field) -> str:
    if field.is_about_pairs:
        return f"Say which marked parts of the text are related, and how: `{field.name}`; there may be none."
    if field.unit is Unit.TASK:
        return _what_is_asked(field, "the text")
    shown = f"(A model is shown it between {' and '.join(REGION_MARKS)}, and how it is labelled in the last line.)"
    return f"{_what_is_asked(field, 'the marked part of the text')} {shown}"


def _what_is_asked(field: Field, about: str) -> str:
    match field.kind:
        case FieldKind.CHOICE:
            return f"Choose the one label of `{field.name}` that fits {about}."
        case FieldKind.CHOICES | FieldKind.TAXONOMY:
            return f"Choose every label of `{field.name}` that fits {about}; there may be none."
        case FieldKind.RATING:
            return f"Rate {about}: `{field.name}`, from 1, the least, to {len(field.labels)}, the most."
        case FieldKind.PAIRWISE:
            return f"Two texts are given. Choose the better one: `{field.name}`."
        case FieldKind.SPANS:
            return f"Find every part of the text that a label of `{field.name}` fits; there may be none."
        case FieldKind.TEXT:
            return f"Write `{field.name}` for {about}."
        case FieldKind.OPTION | FieldKind.OPTIONS | FieldKind.RANKING:
            return _task_of_items(field)
        case FieldKind.NUMBER:
            return f"Say the number `{field.name}` of {about}{_ends(field)}."
        case FieldKind.DATETIME:
            return f"Say the {_MOMENTS[field.line.precision]} `{field.name}` of {about}."
        case _:
            assert_never(field.kind)


def _task_of_items(field: Field) -> str:
    match field.kind:
        case FieldKind.OPTION:
            return f"Choose the one option of `{field.name}` that fits; the options come with the text."
        case FieldKind.OPTIONS:
            return (
                f"Choose every option of `{field.name}` that fits; the options come with the text, there may be none."
            )
        case _ if len(field.labels) == 1:
            return f"Put the items that come with the text in order, the best first: `{field.name}`."
        case _:
            return f"Sort the items that come with the text into the buckets of `{field.name}`, in each the best first."


def _ends(field: Field) -> str:
    line = field.line
    ends = ((" from", line.least), (" to", line.most), (" in steps of", line.step))
    return ",".join(f"{word} {end:g}" for word, end in ends if end is not None).replace(", to", " to")


def _rule(field: Field, label: str) -> str:
    if field.kind is FieldKind.PAIRWISE and len(field.inputs) == len(field.labels):
        return f"The text `{field.inputs[field.labels.index(label)]}` is the better one."
    return ""
