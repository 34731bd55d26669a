"""The plan of an attempt to certify, for people and scripts."""

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from labelloop.domain.certify_plan import CertifyPlan, FieldShare, why_not
from labelloop.formatting import counted


def plan_lines(plan: CertifyPlan, project: int) -> Iterator[str]:
    """Say what an attempt takes, what it can save, and why it would be refused."""
    yield f"Plan of attempt {plan.number} to certify {plan.version}: {_promise(plan)}"
    if plan.allowed < 0:
        yield f"  cannot be granted: {_impossible(plan)}"
        yield f"  finish without a certificate: labelloop release {project} --people-only"
        return
    yield (
        f"  for the certificate people label {plan.n} of {plan.pool} untouched tasks, blank, one person each; until "
        "then no round closes"
    )
    whose = "each field's" if len(plan.fields) > 1 else "its"
    yield f"  above {whose} threshold {counted(plan.allowed, 'error')} of the model may be among them"
    yield from _fields(plan)
    yield f"  {'tasks' if plan.fields else 'labels'} it saves: {_saving(plan)}"
    yield f"  annotations until the release: {_annotations(plan)}"
    if plan.seconds is not None:
        hours, by_hand = (n * plan.seconds / 3600 for n in (plan.annotations, plan.by_hand))
        yield f"  about {hours:.1f} hours of people's time, {by_hand:.1f} by hand ({plan.seconds:.0f} s each so far)"
    if plan.ends_relabel:
        yield f"  it ends a relabel: {counted(plan.ends_relabel, 'task')} put back, not settled yet, stay as they are"
    if reason := why_not(plan):
        yield f"  it does not pay: {reason} (--anyway starts it all the same)"


def plan_json(plan: CertifyPlan) -> dict[str, Any]:
    """Return the plan with what follows from it; docs/release.md describes the keys."""
    low, high = plan.saved_between or (None, None)
    of_one = set() if plan.fields else {"fields", "left_to_people"}
    return {
        **{key: value for key, value in asdict(plan).items() if key not in of_one},
        "saved_at_best": plan.saved_at_best,
        "saved": plan.saved,
        "saved_low": low,
        "saved_high": high,
        "annotations": plan.annotations,
        "by_hand": plan.by_hand,
        "refused": (_impossible(plan) if plan.allowed < 0 else why_not(plan)) or None,
    }


def _promise(plan: CertifyPlan) -> str:
    error, fields = f"error at most {plan.max_error:.1%}", len(plan.fields)
    if fields < 2:
        return f"{error} with probability {1 - plan.delta:.2%}"
    return f"{error} in each of {fields} fields, in all at once with probability {1 - fields * plan.delta:.2%}"


def _fields(plan: CertifyPlan) -> Iterator[str]:
    """Say of several fields how much each leaves to people; a task is saved only where none does."""
    for one in plan.fields:
        if one.share is None or one.low is None or one.high is None:
            yield f"  {one.field}: certified for {one.version}"
        else:
            found = f"about {one.share:.0%} of the pool by today's forecast ({one.low:.0%} to {one.high:.0%})"
            yield f"  {one.field}: {one.version} labels {found}{_without(plan, one)}"
    for name, reason in plan.left_to_people.items():
        yield f"  {name}: not certified: {reason}"
    if any(_without(plan, one) for one in plan.fields):
        yield "  leave a field out with --without NAME: what people said of it is released, the rest has no label of it"
    if plan.fields:
        yield "  a task is saved where the model labels every certified field and asks for none that people answer"


def _without(plan: CertifyPlan, one: FieldShare) -> str:
    """Say what a field costs: how many tasks more are saved, and not labelled by people, where it is left out."""
    if one.saved_without is None or plan.saved is None:
        return ""
    more = max(0, one.saved_without - plan.saved)
    it = " and ".join(["it", *one.left_out_with_it])
    return f"; without {it} {counted(one.saved_without, 'task')} would be saved, {more} more"


def _impossible(plan: CertifyPlan) -> str:
    if plan.n > plan.pool:
        return f"only {plan.pool} tasks are untouched, {plan.n} are asked for"
    return f"{plan.n} tasks prove nothing even if the model is right on all: it takes {plan.least}"


def _saving(plan: CertifyPlan) -> str:
    if plan.saved is None or plan.saved_between is None:
        return f"at best {plan.saved_at_best}; too few audit tasks are labelled for a forecast"
    low, high = plan.saved_between
    return (
        f"about {plan.saved} by today's forecast ({low} to {high}, from {plan.audit_tasks} audit tasks), at best "
        f"{plan.saved_at_best}"
    )


def _annotations(plan: CertifyPlan) -> str:
    rest = plan.annotations - plan.n - plan.audit_open
    audit = f", {counted(plan.audit_open, 'open audit task')}" if plan.audit_open else ""
    about = "at least" if plan.saved is None else "about"
    return (
        f"{about} {plan.annotations} ({plan.n} for the certificate{audit}, {rest} below the threshold); by hand "
        f"{plan.by_hand}"
    )
