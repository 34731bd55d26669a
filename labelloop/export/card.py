"""The data card: what a data set is, how good its labels are, and how it came to be, for whoever receives it."""

import json
from collections import Counter
from collections.abc import Sequence

from labelloop.domain.release import Source
from labelloop.domain.schema import Field
from labelloop.domain.tasks import Role
from labelloop.domain.values import FieldKind
from labelloop.export.conll import unwritten
from labelloop.export.facts import Facts
from labelloop.export.quality import quality
from labelloop.export.tables import schema
from labelloop.steps.shares import LabelShare, label_shares, random_sample
from labelloop.words import counted

SIZES = ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (1_000_000, "100K<n<1M"))

TASK = {FieldKind.SPANS: "token-classification", FieldKind.TEXT: "text-generation"}
"""What Hugging Face calls the task that such a field is for; any other is text-classification."""

LABEL = {
    FieldKind.RATING: "the number of stars",
    FieldKind.PAIRWISE: "`left` where people preferred the first of the two texts, `right` where the second",
    FieldKind.SPANS: "for reading: `start-end label` of every span, joined by `|`; none is empty",
    FieldKind.TEXT: "what is written in answer",
}
COLUMNS = {
    "input_text": "the text, as it stood in Label Studio; several inputs are parted by a line that holds ␞ alone",
    "label": "the label; several are joined by `|`, none is empty",
    "labels": "the labels as a list, each once; empty where people write freely",
    "spans": "the spans as a list of `start`, `end` (characters as Unicode code points, from 0, `end` excluded), "
    "`label` and `text`; they may overlap",
    "task_id": "the task's id in Label Studio",
    "source": "`people`: their consensus; `model`: a model label under the certificate",
    "role": "`train`: may be learned from; `monitor`, `certify`: drawn at random, judged blind, for measuring only",
    "round": "the round in which people's label first stood, 0 for none",
    "people": "how many people judged the task",
    "annotators": "their ids in Label Studio",
    "annotations": "the ids of their annotations",
    "shown": "whether people were shown a model's answer first",
    "version": "the model version that was asked, whoever gave the label",
    "model_digest": "the digest of that version's files",
    "raw_confidence": "how far its answer is from the next one (its margin), to which the threshold applies",
    "confidence": "its calibrated probability",
}


def data_card(facts: Facts, *, data_files: str | None) -> str:
    """Return the card as Markdown with YAML front matter; `data_files` is the pattern that `load_dataset` reads."""
    parts = [
        _front_matter(facts, data_files),
        f"# {_line(facts.title)}",
        _summary(facts),
        "## Labels",
        _labels(facts),
        "## How good the labels are",
        quality(facts),
        "## How it was made",
        _making(facts),
        "## Columns",
        _columns(facts.field),
        "## Limits",
        _limits(facts),
    ]
    return "\n\n".join(parts) + "\n"


def _front_matter(facts: Facts, data_files: str | None) -> str:
    size = next((name for limit, name in SIZES if len(facts.rows) < limit), "n>1M")
    lines = [f"pretty_name: {_quoted(facts.title)}", "task_categories:"]
    lines.append(f"- {TASK.get(facts.field.kind, 'text-classification')}")
    lines += ["size_categories:", f"- {size}", "tags:", "- label-studio", "- labelloop"]
    if data_files:
        lines += ["configs:", "- config_name: default", "  data_files:", "  - split: train", f"    path: {data_files}"]
    return "\n".join(["---", *lines, "---"])


def _summary(facts: Facts) -> str:
    sources = Counter(row.source for row in facts.rows)
    left_out = facts.release.left_out
    rest = f" Left out for want of a settled label: {counted(left_out, 'task')} of the project." if left_out else ""
    return (
        f"Release {facts.release.number} of the field `{_line(facts.field.name)}` ({facts.field.kind.value}), "
        f"made on {facts.release.at:%Y-%m-%d} with LabelLoop from project {facts.project_id} of Label Studio.\n"
        f"It has {counted(len(facts.rows), 'text')}: {sources[Source.PEOPLE]} labelled by people, "
        f"{sources[Source.MODEL]} by the model {facts.release.version}.{rest}"
    )


def _labels(facts: Facts) -> str:
    if facts.field.kind is FieldKind.TEXT:
        return "People write freely: there are no labels to count."
    shares, sample = label_shares(facts.rows, facts.field.labels, facts.model_said), len(random_sample(facts.rows))
    head = ("label", "texts", "by people", "by the model", "estimated share (95 % interval)")
    rows = [
        (
            _line(share.label),
            str(share.by_people + share.by_model),
            str(share.by_people),
            str(share.by_model),
            _of(share),
        )
        for share in shares
    ]
    note = (
        f"The estimated share is what people would say of the whole pool: from the {sample} MONITOR tasks, drawn from "
        "it at random and judged blind, sharpened by the model's answers where these are at hand (prediction-powered "
        "inference), else with Wilson's interval. The other columns count what is in the files."
        if sample
        else "No random sample was judged blind, so nothing is said of the shares beyond the counts."
    )
    if facts.field.kind is FieldKind.SPANS:
        note += " A text counts once for a label, however many of its spans bear it."
    return f"{_table(head, rows)}\n\n{note}"


def _columns(field: Field) -> str:
    told = COLUMNS | ({"label": LABEL[field.kind]} if field.kind in LABEL else {})
    return _table(("column", "meaning"), [(f"`{name}`", told[name]) for name in schema(field).names])


def _of(share: LabelShare) -> str:
    if share.estimate is None:
        return "-"
    low, high = share.estimate.interval.low, share.estimate.interval.high
    return f"{share.estimate.share:.1%} ({low:.1%} to {high:.1%})"


def _making(facts: Facts) -> str:
    learners = {fit.version: fit.learner for fit in facts.fits}
    rounds = [
        (
            str(closed.number),
            f"{closed.at:%Y-%m-%d}",
            str(closed.train),
            str(closed.audit),
            ", ".join(f"{f.version} ({f.learner})" for f in facts.fits if f.round_number == closed.number) or "none",
        )
        for closed in facts.rounds
    ]
    roles, shown = Counter(row.role for row in facts.rows), sum(row.shown for row in facts.rows)
    annotators = {person for row in facts.rows for person in row.annotators}
    learner = learners.get(facts.release.version, "unknown")
    digests = sorted({row.model_digest for row in facts.rows if row.model_digest})
    judged = sum(bool(row.annotators) for row in facts.rows)
    people = (
        f"People who labelled: {len(annotators)}, in {counted(len(rounds), 'round')}. They judged {judged} of these "
        f"texts; on {shown} of them they were shown a model's answer first, on the others not.\n"
        f"Tasks to learn from were chosen by the query strategy `{facts.rules.strategy}` (seed {facts.rules.seed}); "
        f"{roles[Role.MONITOR]} MONITOR and {roles[Role.CERTIFY]} CERTIFY tasks were drawn at random and judged blind."
    )
    named = f", digest `{'`, `'.join(digests)}`" if digests else ""
    model = f"The model labels are those of {facts.release.version} (learner `{learner}`{named})."
    head = ("round", "closed", "TRAIN labels", "MONITOR tasks", "versions")
    return "\n\n".join([people, _table(head, rounds), model])


def _limits(facts: Facts) -> str:
    granted = facts.certificate is not None and facts.certificate.granted
    points = [
        "The stated error is one of the whole data set against what people would say, for this pool of texts only: "
        "texts from elsewhere, or added later, are not covered."
        if granted
        else "No certificate covers these labels: how often they are wrong is not bounded.",
        "Errors are not spread evenly: rare labels and texts near the threshold are wrong more often than the average.",
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
    return "\n".join(f"- {point}" for point in points)


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    cells = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in cells)


def _line(text: str) -> str:
    return " ".join(text.split())


def _quoted(text: str) -> str:
    return json.dumps(_line(text), ensure_ascii=False)  # a JSON string is a YAML string too
