"""The verdict: has a version reached human level, why, and what a lead does next."""

from dataclasses import dataclass
from enum import StrEnum

from labelloop.domain.promotion import FEWEST_AUDIT_TASKS

LOWEST_HUMAN_AGREEMENT = 0.6
MOST_FURTHER_AUDIT_TASKS = 400
FALSE_YES = 0.05
GOOD_START = 100
BETTER = " Or label on: a better model needs fewer."


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
    agreement with single judgements where no task has two. This is look `look` of `looks` planned ones.
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


@dataclass(frozen=True, slots=True)
class Ruling:
    """An outcome, the reason for it, and what to do next, in words."""

    outcome: Outcome
    because: str
    advice: str


def is_look(version: str, n: int) -> bool:
    """Return whether measuring on n audit tasks is a look: whether it could come to a *yes*."""
    return bool(version) and n >= FEWEST_AUDIT_TASKS


def judge(standing: Standing) -> Ruling:
    """Return the verdict.

    *Yes* where the gap is above minus the margin even at its lower bound. *Cannot tell* where there is too little to
    compare with, or where some more audit tasks (at most 400) would decide. *Guideline needs work* where people
    themselves agree on less than 0.6. Else *not yet*.
    """
    found = _too_little(standing)
    if found or standing.gap is None or standing.human_agreement is None:
        return found or _nobody_twice(standing)
    if standing.human_agreement < LOWEST_HUMAN_AGREEMENT:
        return Ruling(
            Outcome.GUIDELINE,
            f"people agree with each other on only {100 * standing.human_agreement:.0f} % of {standing.n} audit tasks: "
            f"below {100 * LOWEST_HUMAN_AGREEMENT:.0f} % their agreement is no measure for a model",
            "Go through the most disputed label pairs and tasks with your people, and make the guideline clearer.",
        )
    return _compared(standing, standing.gap)


def _too_little(standing: Standing) -> Ruling | None:
    if not standing.version:
        return Ruling(Outcome.CANNOT_TELL, "there is no model to judge", "See `labelloop status` for what went wrong.")
    if standing.people < 2:
        return Ruling(
            Outcome.CANNOT_TELL,
            "only one person has labelled: how well people agree with each other is not known, so no human level can "
            f"be stated{_single(standing.single, 'that one person')}",
            "Let a second person label in this project: audit tasks that the first one judged are put into their "
            f"queue. {GOOD_START} tasks judged by both are a good start.",
        )
    if not standing.n:
        return _nobody_twice(standing)
    if standing.n < FEWEST_AUDIT_TASKS:
        return Ruling(
            Outcome.CANNOT_TELL,
            f"only {standing.n} audit tasks were judged by two people, too few to compare",
            _more_audit(standing.audit_needed or FEWEST_AUDIT_TASKS - standing.n),
        )
    return None


def _nobody_twice(standing: Standing) -> Ruling:
    return Ruling(
        Outcome.CANNOT_TELL,
        "no audit task was judged by two people, so no human level can be stated"
        + _single(standing.single, "people's single judgements"),
        "Let people label on: audit tasks are put into the queue of a second person as long as the rule "
        f"`monitor_people` is 2 or more. {GOOD_START} tasks judged by two people are a good start.",
    )


def _single(single: Measured | None, whom: str) -> str:
    return f"; with {whom} the model agrees on {single}" if single and single.n else ""


def _compared(standing: Standing, gap: float) -> Ruling:
    measured = f"the model agrees with people {_points(gap)} people with each other, on {standing.n} audit tasks"
    low = "" if standing.gap_low is None else f" (at worst {_points(standing.gap_low)} them; {_points_of(standing)})"
    spent = _spent(standing)
    if standing.gap_low is not None and standing.gap_low > -standing.margin:
        return Ruling(
            Outcome.YES,
            measured + low + spent,
            "More labels buy little now: let the model label the rest under a guarantee (`labelloop certify`). That is "
            "measured anew, on tasks drawn for it.",
        )
    needed = standing.audit_needed
    if needed is None or needed > MOST_FURTHER_AUDIT_TASKS:
        return Ruling(Outcome.NOT_YET, measured + low + spent, "Go on labelling: the model learns from every round.")
    return Ruling(Outcome.CANNOT_TELL, measured + low + ": too close to call" + spent, _more_audit(needed) + BETTER)


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


def _more_audit(needed: int) -> str:
    tasks = f"{needed} further audit task{'s' if needed != 1 else ''}"
    return f"Let two people judge about {tasks}; raise the rule `monitor_size` if too few are left."
