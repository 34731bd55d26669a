"""The data card of a release of several fields: a part for each, and what they share."""

from collections.abc import Iterator, Sequence

from labelloop.export.card import front_matter, labels, limits, line, making, table
from labelloop.export.facts import Facts
from labelloop.export.form_facts import FormFacts
from labelloop.export.form_tables import form_schema
from labelloop.export.quality import quality
from labelloop.formatting import counted

ANY = "<field>"


def form_card(facts: FormFacts, *, data_files: str | None) -> str:
    """Return the card as Markdown with YAML front matter; `data_files` is the pattern that `load_dataset` reads."""
    parts = [
        front_matter(facts.fields, len(facts.tasks), data_files),
        f"# {line(facts.fields[0].title)}",
        _summary(facts),
        *(part for one in facts.fields for part in _field(facts, one)),
        "## How it was made",
        making(facts.fields, facts.tasks),
        "## Columns",
        table(("column", "meaning"), list(_columns(facts))),
        "## Limits",
        limits(facts.fields),
    ]
    return "\n\n".join(parts) + "\n"


def _summary(facts: FormFacts) -> str:
    names = ", ".join(f"`{line(one.field.name)}` ({one.field.kind_in_words})" for one in facts.fields)
    left_out = facts.release.left_out
    rest = f" {counted(left_out, 'task')} of the project without a label of any field are left out." if left_out else ""
    return (
        f"Release {facts.release.number} of {len(facts.fields)} fields, {names}, made on "
        f"{facts.release.created_at:%Y-%m-%d} with LabelLoop from project {facts.fields[0].project_id} of Label "
        f"Studio.\nIt has {counted(len(facts.tasks), 'text')}, each with a label of at least one field.{rest}"
        f"{_together(facts)}"
    )


def _together(facts: FormFacts) -> str:
    """Return what the certificates promise together, nothing where there are fewer than two."""
    granted = [one for one in facts.fields if one.release.version and one.certificate and one.certificate.granted]
    if len(granted) < 2:
        return ""
    names = ", ".join(f"`{line(one.field.name)}`" for one in granted)
    delta = sum(one.certificate.delta for one in granted if one.certificate)
    rest = "; of the other fields people gave every label" if len(granted) < len(facts.fields) else ""
    return (
        f"\nWhat is promised below of {names} holds of all of them at once with a probability of at least "
        f"{1 - delta:.1%}{rest}."
    )


def _field(facts: FormFacts, one: Facts) -> Iterator[str]:
    """Yield what the card says of one field."""
    name = one.field.name
    of_people, texts = sum(bool(row.annotations) for row in one.rows), counted(len(one.rows), "text")
    by_model = f", {len(one.rows) - of_people} by the model" if len(one.rows) > of_people else ""
    yield f"## {line(name)}"
    yield f"{texts} with a label: {of_people} by people{by_model}."
    if reasons := facts.left_out.get(name):
        rows = [(line(reason), str(tasks)) for reason, tasks in sorted(reasons.items(), key=lambda one: -one[1])]
        yield table(("why a task has no label", "tasks"), rows)
    yield labels(one)
    yield quality(one)


def _columns(facts: FormFacts) -> Iterator[Sequence[str]]:
    """Yield every column with its meaning; those that each field has once, under the name of any."""
    seen = dict[str, str]()
    for column in form_schema(facts.names, facts.tasks).columns:
        name = next((one for one in facts.names if column.name == one or column.name.startswith(f"{one}.")), None)
        seen.setdefault(column.name if name is None else f"{ANY}{column.name.removeprefix(name)}", column.meaning)
    for called, meaning in seen.items():
        yield f"`{called}`", meaning
