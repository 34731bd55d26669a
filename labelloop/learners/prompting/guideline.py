"""The guideline: what is asked of every text, and one rule per label; Markdown that people read and write."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import assert_never

from labelloop.domain.schema import Field
from labelloop.domain.values import FieldKind
from labelloop.errors import UserError


@dataclass(frozen=True, slots=True)
class Rule:
    """When a label applies; `text` is empty where the label says it all."""

    label: str
    text: str = ""


@dataclass(frozen=True, slots=True)
class Guideline:
    """What is to be done, and a rule for each of the field's labels, in their order."""

    task: str
    rules: tuple[Rule, ...]

    def written(self) -> str:
        """Return the guideline as Markdown, one heading per label; `read` takes it back."""
        sections = [f"## {one_line(rule.label)}\n{rule.text}".rstrip() for rule in self.rules]
        return "\n\n".join(["# Guideline", self.task, *sections]) + "\n"


def first_guideline(field: Field) -> Guideline:
    """Return the guideline that follows from the labelling configuration alone."""
    return Guideline(_task(field), tuple(Rule(label, _rule(field, label)) for label in field.labels))


def read(text: str, field: Field) -> Guideline:
    """Return the guideline that stands in Markdown: what follows a heading `## <label>` is that label's rule.

    All else is the task; a label without a heading keeps the rule that follows from the configuration.
    """
    labels = {one_line(label): label for label in field.labels}
    task: list[str] = []
    rules: dict[str, list[str]] = {}
    lines = task
    for line in text.splitlines():
        label = labels.get(one_line(line.removeprefix("## "))) if line.startswith("## ") else None
        if label is not None:
            lines = rules.setdefault(label, [])
        elif line.startswith(("# ", "## ")):
            lines = task
            task.extend([] if line.strip() == "# Guideline" else [line])
        else:
            lines.append(line)
    first = first_guideline(field)
    said = tuple(Rule(r.label, _joined(rules[r.label]) if r.label in rules else r.text) for r in first.rules)
    return Guideline(_joined(task) or first.task, said)


def guideline(where: str, field: Field) -> Guideline:
    """Return the guideline of the settings: a file, a folder with `<control>.md` in it, or none.

    Raises UserError if the file cannot be read.
    """
    path = Path(where)
    if where and path.is_dir():
        path = path / f"{field.name.replace('/', '_')}.md"
        where = str(path) if path.exists() else ""
    if not where:
        return first_guideline(field)
    try:
        return read(path.read_text("utf-8"), field)
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(
            f"The guideline {path} that LABELLOOP_LLM_GUIDELINE names cannot be read ({type(error).__name__}): mend "
            "the path, or save it as UTF-8."
        ) from error


def beginning(given: str, where: str, field: Field) -> tuple[Guideline, str]:
    """Return the guideline a fit begins with, and where it is from: `ledger`, `file` or `configuration`.

    `given` is the project's, as Markdown, which wins over the settings'. Raises UserError as `guideline` does.
    """
    if given:
        return read(given, field), "ledger"
    found = guideline(where, field)
    return found, "file" if where and found != first_guideline(field) else "configuration"


def one_line(label: str) -> str:
    r"""Return a label as a heading holds it.

    >>> one_line(" very\n good ")
    'very good'
    """
    return " ".join(label.split())


def _joined(lines: Sequence[str]) -> str:
    return "\n".join(lines).strip()


def _task(field: Field) -> str:
    match field.kind:
        case FieldKind.CHOICE:
            return f"Choose the one label of `{field.name}` that fits the text."
        case FieldKind.CHOICES | FieldKind.TAXONOMY:
            return f"Choose every label of `{field.name}` that fits the text; there may be none."
        case FieldKind.RATING:
            return f"Rate the text: `{field.name}`, from 1, the least, to {len(field.labels)}, the most."
        case FieldKind.PAIRWISE:
            return f"Two texts are given. Choose the better one: `{field.name}`."
        case FieldKind.SPANS:
            return f"Find every part of the text that a label of `{field.name}` fits; there may be none."
        case FieldKind.TEXT:
            return f"Write `{field.name}` for the text."
        case _:
            assert_never(field.kind)


def _rule(field: Field, label: str) -> str:
    if field.kind is FieldKind.PAIRWISE and len(field.inputs) == len(field.labels):
        return f"The text `{field.inputs[field.labels.index(label)]}` is the better one."
    return ""
