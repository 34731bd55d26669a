"""The verdict: has a version reached human level, why, and what a lead does next."""

from dataclasses import dataclass, replace
from enum import StrEnum

from labelloop.domain.promotion import FEWEST_AUDIT_TASKS
from labelloop.formatting import counted

LOWEST_HUMAN_AGREEMENT = 0.6
MOST_FURTHER_AUDIT_TASKS = 400
FALSE_YES = 0.05
GOOD_START = 100
BETTER = " Or go on labelling: a better model needs fewer."
GO_ON = "Go on labelling: the model learns from every round."
CERTIFY = (
    "More labels buy little now: let the model label the rest under a guarantee (`labelloop certify`). That is "
    "measured on newly drawn tasks."
)
NOTHING_LEFT = (
    "No task is left to label: release what people have said (`labelloop release PROJECT --people-only`), or import "
    "more."
)


class Outcome(StrEnum):
    """What a verdict may be."""

    YES = "yes"
    NOT_YET = "not yet"
    CANNOT_TELL = "cannot tell"
    GUIDELINE = "guideline needs work"


@dataclass(frozen=True, slots=True)
class Measured:
    """A share or a mean over `n` tasks, in [0, 1], with its 95 % interval; None where n is 0."""

    value: float | None
    low: float | None
    high: float | None
    n: int

    def __str__(self) -> str:
        if self.value is None or self.low is None or self.high is None:
            return "nothing (0 tasks)"
        interval = f"{100 * self.low:.0f} to {100 * self.high:.0f}"
        return f"{100 * self.value:.0f} % (95 % interval {interval}, {self.n} tasks)"


@dataclass(frozen=True, slots=True)
class Standing:
    """What is known when a verdict is given.

    `people` counts the persons who judged any task, `n` the audit tasks that two or more judged, on which all that
    follows was measured: `gap`, the mean of the model's agreement with people minus people's with each other, its
    lower bound `gap_low` (both in [-1, 1], None where n is 0; `gap_low` also where n is 1) and `human_agreement`.
    `audit_needed` is how many further audit tasks the test needs, None where no number would do. `single` is the
    agreement with single judgements where no task has two. This is look `look` of `looks` planned ones or, where it is
    not `tested`, that was the last one; the next is planned at `next_look` audit tasks (None: at no number), and
    `said_yes` tells that a look at this version came to a yes. At most `audit_possible` further audit tasks can be had,
    as they are never more than a quarter of the pool, and `left` TRAIN tasks are left to label; None: any number.
    """

    version: str
    people: int
    n: int
    gap: float | None
    gap_low: float | None
    human_agreement: float | None
    audit_needed: int | None
    look: int
    looks: int
    margin: float
    single: Measured | None = None
    tested: bool = True
    next_look: int | None = None
    said_yes: bool = False
    audit_possible: int | None = None
    left: int | None = None


@dataclass(frozen=True, slots=True)
class Ruling:
    """An outcome, the reason for it, and what to do next, in words."""

    outcome: Outcome
    reason: str
    advice: str


def ruling_on(standing: Standing) -> Ruling:
    """Return the verdict.

    *Yes* where the gap is above minus the margin even at its lower bound. *Cannot tell* where there is too little to
    compare with, or where some more audit tasks (at most 400) would decide. *Guideline needs work* where people
    themselves agree on less than 0.6. Else *not yet*.
    """
    found = _ruling_on(standing)
    if standing.left == 0 and found.outcome is not Outcome.YES and found.advice.startswith("Go on labelling"):
        return replace(found, advice=NOTHING_LEFT)
    return found


def _ruling_on(standing: Standing) -> Ruling:
    found = _too_little(standing)
    if found or standing.gap is None or standing.human_agreement is None:
        return found or _nobody_twice(standing)
    if standing.human_agreement < LOWEST_HUMAN_AGREEMENT:
        return Ruling(
            Outcome.GUIDELINE,
            f"people agree with each other on only {100 * standing.human_agreement:.0f} % of {standing.n} audit tasks: "
            f"below {100 * LOWEST_HUMAN_AGREEMENT:.0f} % their agreement is no yardstick for a model",
            "Discuss the most disputed label pairs and tasks with your annotators, and make the guideline clearer.",
        )
    return _compared(standing, standing.gap)


def _too_little(standing: Standing) -> Ruling | None:
    if not standing.version:
        return Ruling(
            Outcome.CANNOT_TELL, "there is no model to evaluate", "See `labelloop status` for what went wrong."
        )
    if standing.people < 2:
        return Ruling(
            Outcome.CANNOT_TELL,
            "only one annotator has labelled: how well people agree with each other is not known, so no human level "
            f"can be stated{_single(standing.single, 'that one person')}",
            "Let a second annotator label in this project: audit tasks that the first one labelled are put into "
            f"their queue. {_good_start(standing)} tasks labelled by both are a good start.",
        )
    if not standing.n:
        return _nobody_twice(standing)
    if standing.n < FEWEST_AUDIT_TASKS:
        return Ruling(
            Outcome.CANNOT_TELL,
            f"only {standing.n} audit tasks were labelled by two people, too few to compare",
            _more_audit(standing, standing.audit_needed or FEWEST_AUDIT_TASKS - standing.n),
        )
    return None


def _nobody_twice(standing: Standing) -> Ruling:
    return Ruling(
        Outcome.CANNOT_TELL,
        "no audit task was labelled by two people, so no human level can be stated"
        + _single(standing.single, "single annotations"),
        "Go on labelling: audit tasks are put into the queue of a second annotator as long as the rule "
        f"`monitor_people` is 2 or more. {_good_start(standing)} tasks labelled by two people are a good start.",
    )


def _good_start(standing: Standing) -> int:
    """Return how many audit tasks are a good start, no more than there can be."""
    possible = standing.audit_possible
    return GOOD_START if possible is None else max(1, min(GOOD_START, standing.n + possible))


def _single(single: Measured | None, whom: str) -> str:
    return f"; with {whom} the model agrees on {single}" if single and single.n else ""


def _compared(standing: Standing, gap: float) -> Ruling:
    measured = f"the model agrees with people {_points(gap)} people with each other, on {standing.n} audit tasks"
    if not standing.tested:
        return _untested(standing, gap, measured)
    low = "" if standing.gap_low is None else f" (at worst {_points(standing.gap_low)} them; {_points_of(standing)})"
    spent = _spent(standing)
    if standing.gap_low is not None and standing.gap_low > -standing.margin:
        return Ruling(
            Outcome.YES,
            measured + low + spent,
            CERTIFY,
        )
    needed = standing.audit_needed
    possible = MOST_FURTHER_AUDIT_TASKS if standing.audit_possible is None else standing.audit_possible
    if needed is None or needed > min(MOST_FURTHER_AUDIT_TASKS, possible):
        return Ruling(Outcome.NOT_YET, measured + low + spent, GO_ON)
    better = BETTER if standing.left != 0 else ""
    advice = _more_audit(standing, needed) + better
    return Ruling(Outcome.CANNOT_TELL, measured + low + ": too close to call" + spent, advice)


def _untested(standing: Standing, gap: float, measured: str) -> Ruling:
    """Return what is said between two looks: the figures, and never a *yes* that was not tested."""
    if standing.said_yes:
        return Ruling(Outcome.YES, f"{measured}; look {standing.look} said yes to {standing.version}", CERTIFY)
    if gap <= -standing.margin:
        return Ruling(Outcome.NOT_YET, f"{measured}; {_points_of(standing)}", GO_ON)
    planned = (
        f"the next look is planned at {standing.next_look} audit tasks" if standing.next_look else "none is planned"
    )
    ask = f"`labelloop verdict PROJECT --look` tests it now, as look {standing.look + 1} of {standing.looks}."
    if standing.look >= standing.looks:
        ask = "All planned looks are spent: `labelloop certify` measures on newly drawn tasks."
    return Ruling(Outcome.CANNOT_TELL, f"{measured}, which no look has tested: {planned}", ask)


def _points(gap: float) -> str:
    points = 100 * gap
    if abs(points) < 0.05:
        return "as well as"
    return f"{abs(points):.1f} points {'better' if points > 0 else 'worse'} than"


def _points_of(standing: Standing) -> str:
    return f"up to {100 * standing.margin:g} points worse is allowed"


def _spent(standing: Standing) -> str:
    if standing.look <= standing.looks:
        return ""
    risk = 100 * FALSE_YES * standing.look / standing.looks
    return (
        f". This is look {standing.look} of {standing.looks} planned ones: the guarantee is used up, a false yes in "
        f"any of them is now as likely as {risk:.0f} %, not {100 * FALSE_YES:.0f} %"
    )


def _more_audit(standing: Standing, needed: int) -> str:
    possible = standing.audit_possible
    if possible == 0:
        return (
            "All audit tasks that the pool has room for, a quarter of it, are labelled: import more tasks, or measure "
            "the model on newly drawn ones (`labelloop certify`)."
        )
    tasks = counted(needed if possible is None else min(needed, possible), "further audit task")
    return f"Have two annotators label about {tasks}; raise the rule `monitor_size` if too few are left."
