"""A project's status for people: what happened, how good the model is, what comes next."""

from collections.abc import Iterator

from rich.console import Group, RenderableType
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from labelloop.domain.records import Evaluation
from labelloop.words import counted
from workers.cli.compared_table import compared_table
from workers.cli.curve import bar
from workers.cli.figures import percent
from workers.job_list import Jobs
from workers.status import Labels, ProjectStatus


def to_table(status: ProjectStatus) -> RenderableType:
    """Return the status as rich prints it."""
    return Group(*_parts(status))


def _parts(status: ProjectStatus) -> Iterator[RenderableType]:
    yield Text(f"Project {status.connection.project_id}: {status.connection.title}", style="bold")
    yield f"Next: {escape(status.next)}"
    yield _labels(status.labels)
    if status.deployment:
        since = f"{status.deployment.at:%Y-%m-%d %H:%M} UTC"
        yield f"Model: {status.deployment.version} since {since}, shown as {status.published}"
        yield f"  because {escape(status.deployment.because)}"
    else:
        yield "Model: none yet"
    if status.verdict:
        told = f"Human level after round {status.verdict.round_number}: {status.verdict.outcome}"
        yield f"{told} (labelloop verdict {status.connection.project_id})"
        yield f"  because {escape(status.verdict.because)}"
    yield from _ending(status)
    if status.rounds:
        yield _rounds(status)
        yield "Bar: agreement with people from 0 to 100 %, 95 % interval; │ people with each other."
    if status.compared:
        yield f"After round {status.compared[0].evaluation.round_number}, ▶ serves:"
        yield compared_table(status.compared)
    for fit in status.versions:
        if fit.failure:
            yield f"Round {fit.round_number}: {fit.learner} could not be fitted: {escape(fit.failure)}"
    for measured in status.evaluations:
        if failure := measured.evaluation.failure:
            found = measured.evaluation
            yield f"Round {found.round_number}: {found.version} could not be evaluated: {escape(failure)}"
    yield from _jobs(status.jobs)


def _ending(status: ProjectStatus) -> Iterator[str]:
    project, found, release = status.connection.project_id, status.certificate, status.release
    if found and found.granted is None:
        yield f"Certifying {found.version}: {found.judged} of {found.n} tasks judged (attempt {found.attempt})"
    elif found:
        right = "" if found.at_least >= 1 else f", right being at least {percent(found.at_least)} like people's"
        promise = f"error at most {found.max_error:.1%} with probability {1 - found.delta:.2%}{right}"
        word = (
            f"granted, {percent(found.automated)} of the pool automated, {promise}" if found.granted else "not granted"
        )
        yield f"Certificate {found.attempt} for {found.version}: {word}"
        yield f"  because {escape(found.because or '')}"
        if found.granted and not (release and release.certificate == found.attempt):
            yield f"  finish the data set under it: labelloop release {project}"
    if release and release.path:
        labels = counted(release.tasks or 0, "label")
        yield f"Release {release.number}: {labels}, {release.by_model} of them by {release.version}"
        yield f"  in {escape(release.path)}"
        yield f"  as files for others: labelloop export {project} FOLDER"
    elif release:
        left = "" if release.waiting is None else f", {counted(release.waiting, 'task')} left to people"
        yield f"Release under way: {release.predicted} of {release.chunks} chunks predicted{left}"


def _labels(labels: Labels) -> str:
    return (
        f"Labels: {labels.train} TRAIN (of {labels.train_tasks} tasks), "
        f"{labels.monitor} MONITOR (of {labels.monitor_tasks} tasks); "
        f"{labels.untouched} tasks untouched, {labels.queue_left} left in the queue"
    )


def _rounds(status: ProjectStatus) -> Table:
    table = Table(box=None, pad_edge=False, collapse_padding=True, header_style="dim")
    for column in ("round", "labels", "audit", "version", "agreement", "0 to 100 %", "people"):
        table.add_column(column, justify="right" if column in ("round", "labels", "audit") else "left", no_wrap=True)
    for closed in status.rounds:
        found = _shown(status, closed.number)
        table.add_row(
            str(closed.number),
            f"{closed.train} +{closed.new_train}",
            str(found.n if found else closed.audit),
            found.version if found else "-",
            percent(found.agreement, found.agreement_low, found.agreement_high) if found else "-",
            bar(found.agreement, found.agreement_low, found.agreement_high, found.human_agreement) if found else "",
            percent(found.human_agreement) if found else "-",
        )
    return table


def _shown(status: ProjectStatus, number: int) -> Evaluation | None:
    # The version that served after the round; while that is undecided, the newest one measured.
    of_round = [
        measured
        for measured in status.evaluations
        if measured.evaluation.round_number == number and not measured.evaluation.failure
    ]
    served = [measured for measured in of_round if measured.served] or of_round
    return served[-1].evaluation if served else None


def _jobs(jobs: Jobs | None) -> Iterator[str]:
    if jobs is None:
        yield "Jobs: Redis does not answer; what people label is kept and read later"
        return
    if jobs.queued or jobs.running or jobs.waiting:
        words = {"running": jobs.running, "queued": jobs.queued, "waiting to be tried again": jobs.waiting}
        yield "Jobs: " + "; ".join(f"{word}: {', '.join(names)}" for word, names in words.items() if names)
    yield from tunings(jobs)
    for job in jobs.failed:
        yield f"Failed: {job.job}: {escape(job.error)}"


def tunings(jobs: Jobs) -> Iterator[str]:
    """Say which slow learners are at work in the background, and how far they are."""
    for tuning in jobs.tuning:
        how_far = percent(tuning.share) if tuning.state == "running" and tuning.share is not None else tuning.state
        yield f"In the background: {escape(tuning.learner)} on round {tuning.round}: {how_far}"
