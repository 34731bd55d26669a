"""What is known of the quality of a release, in sentences: certificate, agreement, verdict."""

from collections.abc import Mapping
from typing import Any

from labelloop.domain.certify import wrong
from labelloop.domain.records import Certificate, Evaluation, Verdict
from labelloop.export.facts import Facts


def quality(facts: Facts) -> str:
    """Return one paragraph each for the certificate, the agreement and the verdict; what is missing is said so."""
    return "\n\n".join(
        [
            _certificate(facts.certificate, facts.at_least),
            _agreement(facts.evaluation) + _spans(facts),
            _verdict(facts.verdict, facts.release.version),
        ]
    )


def _certificate(found: Certificate | None, at_least: float) -> str:
    if found is None:
        return "**Certificate:** none."
    if not found.granted:
        return f"**Certificate:** not granted: {found.because}."
    return (
        f"**Certificate {found.number}:** at most {found.max_error:.1%} of the labels in this data set "
        f"{wrong(at_least)}, with a probability of at least {1 - found.delta:.1%} (PAC labels, Candès et al. 2025). "
        f"It rests on {found.n} tasks drawn at random after {found.version} was frozen, judged blind and used once: "
        f"the model was wrong on {found.errors} of them, and {found.allowed} errors were allowed among model labels. "
        f"Model labels stand where the raw confidence is at least {found.threshold:.4g}; people gave all the others. "
        f"Granted on {found.at:%Y-%m-%d}."
    )


def _agreement(found: Evaluation | None) -> str:
    if found is None or found.agreement is None:
        return "**Agreement:** not measured: no MONITOR task was judged by enough people."
    people = (
        f" People agree with each other by {_with(found.human_agreement, found.human_low, found.human_high)}."
        if found.human_agreement is not None
        else " How well people agree with each other is not known: one person judged each task."
    )
    same = f" Its answer is the one that people settled on for {found.accuracy:.1%} of them"
    accuracy = "" if found.accuracy is None else same
    f1 = "" if found.macro_f1 is None else f", its macro-F1 {found.macro_f1:.3f}"
    return (
        f"**Agreement:** on {found.n} MONITOR tasks, drawn at random and judged blind, {found.version} agrees with "
        f"people by {_with(found.agreement, found.agreement_low, found.agreement_high)} (95 % intervals).{people}"
        f"{accuracy}{f1}{'.' if accuracy or f1 else ''}"
    )


def _spans(facts: Facts) -> str:
    """Return how well spans are found, as of the verdict; empty for other fields and where it was not measured."""
    found: Mapping[str, Any] = facts.consensus.get("spans") or {}
    if not found:
        return ""
    told = [f"{name} F1 {score['f1']:.3f} ({score['low']:.3f} to {score['high']:.3f})" for name, score in found.items()]
    return (
        f" Spans, all texts together: {', '.join(told)}. Strict wants the same ends and the same label, type the same "
        "label and an overlap; partial counts any overlap one half."
    )


def _verdict(found: Verdict | None, version: str) -> str:
    if found is None:
        return f"**Human level:** no verdict on {version}."
    return f"**Human level** (margin {found.margin:.2f}): {found.outcome}. {_sentence(found.because)}"


def _with(value: float | None, low: float | None, high: float | None) -> str:
    interval = "" if low is None or high is None else f" ({low:.1%} to {high:.1%})"
    return f"{value:.1%}{interval}"


def _sentence(text: str) -> str:
    stripped = text.strip().rstrip(".")
    return f"{stripped[:1].upper()}{stripped[1:]}." if stripped else ""
