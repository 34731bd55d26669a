"""A version against what people settled on: how often it is wholly right, and how well each label is found."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from labelloop.domain.human_level import Measured
from labelloop.domain.schema import Field
from labelloop.domain.values import FieldKind, Spans, Value, same
from labelloop.stats.intervals import wilson
from labelloop.stats.per_label import LabelScore, label_scores, macro_f1, macro_f1_interval
from labelloop.stats.span_agreement import Match, SpanScore, span_score

SHOWN_MATCHES = (Match.STRICT, Match.PARTIAL, Match.TYPE)


@dataclass(frozen=True, slots=True)
class AgainstConsensus:
    """Figures on the audit tasks that people settled; `spans` is empty but for a field of spans."""

    accuracy: Measured
    macro_f1: Measured
    labels: tuple[LabelScore, ...]
    spans: dict[Match, SpanScore]


def against_consensus(field: Field, pairs: Sequence[tuple[Value, Value]], *, seed: int) -> AgainstConsensus:
    """Return the figures of pairs of (what people settled on, what the model says)."""
    n, right = len(pairs), sum(same(people, model) for people, model in pairs)
    share = wilson(right, n)
    f1 = macro_f1(pairs) if field.labels else None  # labels of a task's own are those of no other
    interval = macro_f1_interval(pairs, seed=seed)
    return AgainstConsensus(
        accuracy=Measured(right / n, share.low, share.high, n) if n else _NOTHING,
        macro_f1=_NOTHING if f1 is None else Measured(f1, interval.low, interval.high, n),
        labels=label_scores(pairs, field.labels),
        spans=_spans(field, pairs, seed),
    )


def consensus_json(found: AgainstConsensus) -> dict[str, Any]:
    """Return the figures as verdict.json has them; docs/verdict.md describes the keys."""
    return {
        "accuracy": asdict(found.accuracy),
        "macro_f1": asdict(found.macro_f1),
        "labels": [asdict(one) | {"precision": one.precision, "recall": one.recall} for one in found.labels],
        "spans": {match.value: score_json(score) for match, score in found.spans.items()} or None,
    }


def _spans(field: Field, pairs: Sequence[tuple[Value, Value]], seed: int) -> dict[Match, SpanScore]:
    both = [(people, model) for people, model in pairs if isinstance(people, Spans) and isinstance(model, Spans)]
    if field.kind is not FieldKind.SPANS or not both:
        return {}
    return {match: span_score(both, match, seed=seed) for match in SHOWN_MATCHES}


def score_json(score: SpanScore) -> dict[str, float | None]:
    """Return how well spans are found as verdict.json has it."""
    return {
        "f1": score.counts.f1,
        "low": score.interval.low,
        "high": score.interval.high,
        "precision": score.counts.precision,
        "recall": score.counts.recall,
        "per_text": score.per_document,
    }


_NOTHING = Measured(None, None, None, 0)
