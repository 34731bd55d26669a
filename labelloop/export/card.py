"""The data card: what a data set is, how good its labels are, and how it came to be, for whoever receives it."""

import json
from collections import Counter
from collections.abc import Sequence

from labelloop.domain.release_row import ReleasedTask, ReleaseRow, Source
from labelloop.domain.schema import Unit
from labelloop.domain.tasks import Role
from labelloop.domain.values import FieldKind
from labelloop.export.conll import unwritten
from labelloop.export.facts import Facts
from labelloop.export.quality import quality
from labelloop.export.release_tables import schema
from labelloop.formatting import counted
from labelloop.steps.label_distribution import LabelShare, label_shares, random_sample

SIZES = ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (1_000_000, "100K<n<1M"))

TASK = {FieldKind.SPANS: "token-classification", FieldKind.TEXT: "text-generation"}
"""What Hugging Face calls the task that such a field is for; any other is text-classification."""

LABEL = {
    FieldKind.RATING: "the number of stars",
    FieldKind.PAIRWISE: "`left` where people preferred the first of the two texts, `right` where the second",
    FieldKind.SPANS: "for reading: `start-end label` of every span, joined by `|`; none is empty",
    FieldKind.TEXT: "what is written in answer",
    FieldKind.NUMBER: "the number",
    FieldKind.DATETIME: "the date, time of day or both, in ISO 8601",
    FieldKind.OPTION: "the id of the task's own choice, see its text",
    FieldKind.OPTIONS: "the ids of the task's own choices, joined by `|`",
    FieldKind.RANKING: "the ids of the task's own items, the best first, joined by ` > `, buckets by ` | `",
}


def data_card(facts: Facts, *, data_files: str | None) -> str:
    """Return the card as Markdown with YAML front matter; `data_files` is the pattern that `load_dataset` reads."""
    parts = [
        front_matter([facts], len(facts.rows), data_files),
        f"# {line(facts.title)}",
        _summary(facts),
        "## Labels",
        labels(facts),
        "## How good the labels are",
        quality(facts),
        "## How it was made",
        making([facts], facts.rows),
        "## Columns",
        _columns(facts),
        "## Limits",
        limits([facts]),
    ]
    return "\n\n".join(parts) + "\n"


def front_matter(fields: Sequence[Facts], rows: int, data_files: str | None) -> str:
    """Return what Hugging Face reads of a card, as YAML."""
    size = next((name for limit, name in SIZES if rows < limit), "n>1M")
    tasks = dict.fromkeys(TASK.get(one.field.kind, "text-classification") for one in fields)
    lines = [f"pretty_name: {_quoted(fields[0].title)}", "task_categories:", *(f"- {task}" for task in tasks)]
    lines += ["size_categories:", f"- {size}", "tags:", "- label-studio", "- labelloop"]
    if data_files:
        lines += ["configs:", "- config_name: default", "  data_files:", "  - split: train", f"    path: {data_files}"]
    return "\n".join(["---", *lines, "---"])


def _summary(facts: Facts) -> str:
    sources = Counter(row.source for row in facts.rows)
    left_out = facts.release.left_out
    rest = f" Left out for want of a settled label: {counted(left_out, 'task')} of the project." if left_out else ""
    version = facts.release.version
    model = f", {sources[Source.MODEL]} by the model {version}" if version else "; no label is a model's"
    return (
        f"Release {facts.release.number} of the field `{line(facts.field.name)}` ({facts.field.kind.value}), "
        f"made on {facts.release.created_at:%Y-%m-%d} with LabelLoop from project {facts.project_id} of Label Studio.\n"
        f"It has {counted(len(facts.rows), 'text')}: {sources[Source.PEOPLE]} labelled by people{model}.{rest}"
    )


def labels(facts: Facts) -> str:
    """Return the labels of a field with their shares."""
    if not facts.field.labels:
        return "Answers are free: there are no labels to count."
    shares, sample = label_shares(facts.rows, facts.field.labels, facts.model_said), len(random_sample(facts.rows))
    head = ("label", "texts", "by people", "by the model", "estimated share (95 % interval)")
    rows = [
        (
            line(share.label),
            str(share.by_people + share.by_model),
            str(share.by_people),
            str(share.by_model),
            _of(share),
        )
        for share in shares
    ]
    note = (
        f"The estimated share is what people would say of the whole pool: from the {sample} MONITOR tasks, drawn from "
        "it at random and labelled blind, sharpened by the model's predictions if there are any (prediction-powered "
        "inference), else with Wilson's interval. The other columns count what is in the files."
        if sample
        else "No random sample was labelled blind, so nothing is known about the shares beyond the counts."
    )
    if facts.field.kind is FieldKind.SPANS:
        note += " A text counts once for a label, however many of its spans bear it."
    if facts.field.unit is Unit.REGION:
        note += " A text counts once for a label, however many of its regions have it."
    if facts.field.is_about_pairs:
        note += " A text counts once for a label, however many of its relations bear it."
    return f"{table(head, rows)}\n\n{note}"


def _columns(facts: Facts) -> str:
    field = facts.field
    of_kind = {"label": LABEL[field.kind]} if field.kind in LABEL else {}
    rows = [
        (f"`{column.name}`", of_kind.get(column.name, column.meaning)) for column in schema(field, facts.rows).columns
    ]
    return table(("column", "meaning"), rows)


def _of(share: LabelShare) -> str:
    if share.estimate is None:
        return "-"
    low, high = share.estimate.interval.low, share.estimate.interval.high
    return f"{share.estimate.share:.1%} ({low:.1%} to {high:.1%})"


def making(fields: Sequence[Facts], rows: Sequence[ReleaseRow | ReleasedTask]) -> str:
    """Return how a release of these fields, with these rows, came to be: people, rounds and versions."""
    first, fits = fields[0], sorted((fit for one in fields for fit in one.fits), key=lambda fit: fit.created_at)
    rounds = [
        (
            str(closed.number),
            f"{closed.created_at:%Y-%m-%d}",
            str(closed.train),
            str(closed.audit),
            ", ".join(f"{f.version} ({f.learner})" for f in fits if f.round_number == closed.number) or "none",
        )
        for closed in first.rounds
    ]
    roles, shown = Counter(row.role for row in rows), sum(row.shown for row in rows)
    annotators = {person for row in rows for person in row.annotators}
    annotated = sum(bool(row.annotators) for row in rows)
    people = (
        f"People who labelled: {len(annotators)}, in {counted(len(rounds), 'round')}. They labelled {annotated} of "
        f"these texts; on {shown} of them they were shown a model's answer first, on the others not.\n"
        f"Tasks to learn from were chosen by the query strategy `{first.rules.strategy}` (seed {first.rules.seed}); "
        f"{roles[Role.MONITOR]} MONITOR and {roles[Role.CERTIFY]} CERTIFY tasks were drawn at random and "
        "labelled blind."
    )
    head = ("round", "closed", "TRAIN labels", "MONITOR tasks", "versions")
    return "\n\n".join([people, table(head, rounds), *dict.fromkeys(map(_model, fields))])


def _model(facts: Facts) -> str:
    if not facts.release.version:
        return "People gave every label; the versions above only helped to choose tasks and to pre-annotate them."
    learner = {fit.version: fit.learner for fit in facts.fits}.get(facts.release.version, "unknown")
    digests = sorted({row.model_digest for row in facts.rows if row.model_digest})
    named = f", digest `{'`, `'.join(digests)}`" if digests else ""
    return f"The model labels are those of {facts.release.version} (learner `{learner}`{named})."


def limits(fields: Sequence[Facts]) -> str:
    """Return what a release of these fields is not, each point once."""
    return "\n".join(f"- {point}" for point in dict.fromkeys(point for one in fields for point in _limits(one)))


def _limits(facts: Facts) -> list[str]:
    by_model = bool(facts.release.version)
    granted = by_model and facts.certificate is not None and facts.certificate.granted
    points = [
        "The stated error is one of the whole data set against what people would say, for this pool of texts only: "
        "texts from elsewhere, or added later, are not covered."
        if granted
        else "No certificate covers these labels: how often they are wrong is not bounded."
        if by_model
        else "Only texts that people labelled are here. Where they were chosen to be labelled first, they are not a "
        "random sample of the pool: only the `monitor` rows are.",
        "Errors are not spread evenly: rare labels and texts near the threshold are wrong more often than the average."
        if by_model
        else "Most texts were labelled by one person: their errors are in the data as they made them.",
        "People's labels are taken as the truth. Where people disagree, there is none to be had.",
        "Texts stand here as they were imported; nothing was removed from them, personal data included.",
        "The licence of the texts is not known to LabelLoop: ask whoever imported them.",
    ]
    if overlapping := unwritten(facts.rows):
        points.append(
            f"The CoNLL file, if there is one, lacks {counted(overlapping, 'span')} of these texts: of those that "
            "overlap it holds the longest, and none of white space alone."
        )
    if any(row.shown and row.source is Source.PEOPLE for row in facts.rows):
        points.append("Labels given after a model's answer was shown (`shown`) may lean towards it.")
    return points


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a Markdown table."""
    cells = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in cells)


def line(text: str) -> str:
    """Return a name as one line."""
    return " ".join(text.split())


def _quoted(text: str) -> str:
    return json.dumps(line(text), ensure_ascii=False)  # a JSON string is a YAML string too
