"""What is known of the quality of a release, in sentences: certificate, agreement, verdict."""

from collections.abc import Mapping
from typing import Any

from labelloop.domain.certification import of_what, wrong
from labelloop.domain.records import Certificate, Evaluation, Verdict
from labelloop.domain.schema import Field
from labelloop.export.facts import Facts


def quality(facts: Facts) -> str:
    """Return one paragraph each for the certificate, the agreement and the verdict; what is missing is said so."""
    return "\n\n".join(
        [
            _certificate(facts.field, facts.certificate, facts.min_similarity),
            _agreement(facts.evaluation) + _spans(facts),
            _verdict(facts.verdict, facts.release.version),
        ]
        if facts.release.version
        else [_without(facts.field, facts.certificate), _people_s_agreement(facts.evaluation)]
    )


PEOPLE_ONLY = "**Certificate:** none, and none is needed: people gave every label, the model none."


NO_LONGER = (
    "**Certificate {number}:** holds no longer: since its tasks were drawn the conditions have changed on which people "
    "are asked."
)


def _without(field: Field, unused: Certificate | None) -> str:
    """Return why no certificate covers labels that people gave alone; `unused` was not granted, or holds no longer."""
    if unused is None:
        return PEOPLE_ONLY
    said = NO_LONGER.format(number=unused.number) if unused.granted else _certificate(field, unused, 1.0)
    return f"{said} People gave every label, the model none."


def _people_s_agreement(found: Evaluation | None) -> str:
    if found is None or found.human_agreement is None:
        return "**Agreement:** how well people agree with each other is not known: no MONITOR task has two annotators."
    return (
        f"**Agreement:** on {found.n} MONITOR tasks, drawn at random and labelled blind, people agree with each other "
        f"by {_with(found.human_agreement, found.human_low, found.human_high)} (95 % interval)."
    )


def _certificate(field: Field, found: Certificate | None, min_similarity: float) -> str:
    if found is None:
        return "**Certificate:** none."
    if not found.granted:
        return f"**Certificate:** not granted: {found.reason}."
    return (
        f"**Certificate {found.number}:** at most {found.max_error:.1%} {of_what(field)} in this data set "
        f"{wrong(min_similarity)}, with a probability of at least {1 - found.delta:.1%} "
        f"(PAC labels, Candès et al. 2025). "
        f"It rests on {found.n} tasks drawn at random after {found.version} was frozen, labelled blind and used once: "
        f"the model was wrong on {found.errors} of them, and {found.allowed} errors were allowed among model labels. "
        f"The model's labels are used where its margin is at least {found.threshold:.4g}; people gave all the others. "
        f"Granted on {found.created_at:%Y-%m-%d}."
    )


def _agreement(found: Evaluation | None) -> str:
    if found is None or found.agreement is None:
        return "**Agreement:** not measured: no MONITOR task was labelled by enough annotators."
    people = (
        f" People agree with each other by {_with(found.human_agreement, found.human_low, found.human_high)}."
        if found.human_agreement is not None
        else " How well people agree with each other is not known: one person labelled each task."
    )
    same = f" Its answer is the one that people settled on for {found.accuracy:.1%} of them"
    accuracy = "" if found.accuracy is None else same
    f1 = "" if found.macro_f1 is None else f", its macro-F1 {found.macro_f1:.3f}"
    return (
        f"**Agreement:** on {found.n} MONITOR tasks, drawn at random and labelled blind, {found.version} agrees with "
        f"people by {_with(found.agreement, found.agreement_low, found.agreement_high)} (95 % intervals).{people}"
        f"{accuracy}{f1}{'.' if accuracy or f1 else ''}"
    )


def _spans(facts: Facts) -> str:
    """Return how well spans are found, as of the verdict; empty for other fields and where it was not measured."""
    found: Mapping[str, Any] = facts.consensus.get("spans") or {}
    if not found:
        return ""
    scores = [
        f"{name} F1 {score['f1']:.3f} ({score['low']:.3f} to {score['high']:.3f})" for name, score in found.items()
    ]
    return (
        f" Spans, all texts together: {', '.join(scores)}. Strict wants the same ends and the same label, type the "
        "same label and an overlap; partial counts any overlap one half."
    )


def _verdict(found: Verdict | None, version: str) -> str:
    if found is None:
        return f"**Human level:** no verdict on {version}."
    return f"**Human level** (margin {found.margin:.2f}): {found.outcome}. {_sentence(found.reason)}"


def _with(value: float | None, low: float | None, high: float | None) -> str:
    interval = "" if low is None or high is None else f" ({low:.1%} to {high:.1%})"
    return f"{value:.1%}{interval}"


def _sentence(text: str) -> str:
    stripped = text.strip().rstrip(".")
    return f"{stripped[:1].upper()}{stripped[1:]}." if stripped else ""
