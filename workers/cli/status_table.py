"""A project's status for people: what happened, how good the model is, what comes next."""

import shlex
from collections.abc import Iterator, Sequence

from rich.console import Group, RenderableType
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from labelloop.domain.schema import Field
from labelloop.encoders.encoder_spec import in_words
from labelloop.formatting import counted
from labelloop.number_format import percent
from workers.admin.answer_report import conditional_sentences, findings, hidden_sentence
from workers.admin.release_status import CertificateStatus
from workers.admin.round_curve import learning_curve
from workers.admin.status import Labels, ProjectStatus
from workers.cli.field_table import field_table
from workers.cli.interval_bar import bar
from workers.cli.leaderboard_table import compared_table
from workers.jobs.job_status import Jobs


def to_table(fields: Sequence[ProjectStatus]) -> RenderableType:
    """Return a project's status as rich prints it: a line for each of several fields, all there is to a single one."""
    return Group(*(_parts(fields[0]) if len(fields) == 1 else _parts_of_several(fields)))


def _parts_of_several(fields: Sequence[ProjectStatus]) -> Iterator[RenderableType]:
    first = fields[0]
    yield from _heading(first)
    yield _labels(first.labels)
    yield field_table(fields)
    yield "Bar: agreement with people from 0 to 100 %, 95 % interval; │ people with each other."
    last = escape(shlex.quote(fields[-1].fields[-1]))
    yield f"All there is to a field: labelloop status {first.connection.project_id} --field {last}"
    for one in fields:
        for offer in one.rename_offers:
            yield f"! {escape(offer.sentence(first.connection.project_id))}"
        if one.newest_waits:
            yield f"  {escape(one.newest_waits)}"
        if one.field:
            yield from (f"! {escape(one.field.name)}: {said}" for said in _troubles(one, blank_is_fine=True))
    yield from map(escape, conditional_sentences(first.conditional))
    if hidden := hidden_sentence(first.hidden):
        yield escape(hidden)
    yield f"Encoder: {escape(in_words(first.encoder))}"
    yield f"Shown as {first.published or 'nothing yet'}"
    yield from _ending_of_several(fields)
    yield from _jobs(first.jobs)


def _heading(status: ProjectStatus) -> Iterator[RenderableType]:
    yield Text(f"Project {status.connection.project_id}: {status.connection.title}", style="bold")
    yield f"Next: {escape(str(status.next))}"


def _parts(status: ProjectStatus) -> Iterator[RenderableType]:
    yield from _heading(status)
    if status.field and len(status.fields) > 1:
        kind, others = status.field.kind_in_words, escape(", ".join(status.fields))
        yield f"Field {escape(status.field.name)} ({kind}), one of {others}"
    yield _labels(status.labels)
    for offer in status.rename_offers:
        yield f"! {escape(offer.sentence(status.connection.project_id))}"
    yield from _answers(status)
    yield from _model(status)
    yield from _encoder(status)
    if status.verdict:
        headline = f"Human level after round {status.verdict.round_number}: {status.verdict.outcome}"
        yield f"{headline} (labelloop verdict {status.connection.project_id})"
        yield f"  because {escape(status.verdict.reason)}"
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


def _answers(status: ProjectStatus) -> Iterator[str]:
    """Say what counts as no answer."""
    yield from (f"! {said}" for said in _troubles(status, blank_is_fine=len(status.fields) > 1))
    yield from map(escape, conditional_sentences(status.conditional))
    if hidden := hidden_sentence(status.hidden):
        yield escape(hidden)
    if unreadable := status.unreadable_of_llm:
        why = escape("; ".join(f"{reason}: {count:,}" for reason, count in unreadable.items()))
        texts = counted(sum(unreadable.values()), "text")
        yield f"! The LLM gave no readable answer about {texts} ({why}): left to people."


def _troubles(status: ProjectStatus, *, blank_is_fine: bool) -> Iterator[str]:
    renamed = [offer.old for offer in status.rename_offers]
    for found in findings(status.answers, status.connection.project_id, renamed, blank_is_fine=blank_is_fine):
        yield f"{escape(found.what)} {escape(found.advice)}"


def _encoder(status: ProjectStatus) -> Iterator[str]:
    if not status.encoder:
        return
    encoder = escape(in_words(status.encoder))
    yield f"Encoder: {encoder}"
    if status.deployment and status.deployed_encoder != status.encoder:
        version, old = status.deployment.version, escape(in_words(str(status.deployed_encoder)))
        yield f"  {version} still serves with {old}, until a version fitted with {encoder} is deployed"


def _model(status: ProjectStatus) -> Iterator[str]:
    if status.deployment:
        since = f"{status.deployment.created_at:%Y-%m-%d %H:%M} UTC"
        pinned = f" (pinned until labelloop deploy {status.connection.project_id} --unpin)"
        shown = f"shown as {status.published}{pinned if status.deployment.pinned else ''}"
        yield f"Model: {status.deployment.version} since {since}, {shown}"
        yield f"  because {escape(status.deployment.reason)}"
    else:
        yield "Model: none yet"
    if status.newest_waits:
        yield f"  {escape(status.newest_waits)}"


def _ending(status: ProjectStatus) -> Iterator[str]:
    project, found, release = status.connection.project_id, status.certificate, status.release
    if found and found.granted is None:
        yield f"Certifying {found.version}: {found.judged} of {found.n} tasks labelled (attempt {found.attempt})"
    elif found:
        yield from _certified(found)
        if found.granted and not (release and release.certificate == found.attempt):
            yield f"  finish the data set under it: labelloop release {project}"
    yield from _release(status)


def _certified(found: CertificateStatus) -> Iterator[str]:
    right = (
        ""
        if found.min_similarity >= 1
        else f", right being at least {percent(found.min_similarity)} similar to people's"
    )
    promise = f"error at most {found.max_error:.1%} with probability {1 - found.delta:.2%}{right}"
    word = f"granted, {percent(found.automated)} of the pool automated, {promise}" if found.granted else "not granted"
    yield f"Certificate {found.attempt} for {found.version}: {word}"
    yield f"  because {escape(found.reason or '')}"


def _ending_of_several(fields: Sequence[ProjectStatus]) -> Iterator[str]:
    """Say how far the attempt is, once, and what became of it for each field."""
    first, found = fields[0], [(one, one.certificate) for one in fields if one.certificate]
    opened = [one for _, one in found if one.granted is None]
    if opened:
        versions, one = "+".join(one.version for one in opened), opened[0]
        yield f"Certifying {versions}: {one.judged} of {one.n} tasks labelled (attempt {one.attempt})"
    for status, one in found if not opened else ():
        yield from (f"{escape(status.field.name)}: {line}" for line in _certified(one)) if status.field else ()
    release, granted = first.release, [one for _, one in found if one.granted]
    if not opened and granted and not (release and release.certificate == granted[0].attempt):
        if refused := [status.field for status, one in found if not one.granted and status.field]:
            yield f"  a release asks people about {_left(refused)}, for {escape(', '.join(f.name for f in refused))}"
        yield f"  finish the data set under it: labelloop release {first.connection.project_id}"
    yield from _release(first)


def _left(refused: Sequence[Field]) -> str:
    """Return about which tasks people are asked for these fields, of which none was granted a certificate."""
    everywhere = any(field.condition is None for field in refused)
    return "every task that is left" if everywhere else "the tasks in which the labels of the others ask for it"


def _release(status: ProjectStatus) -> Iterator[str]:
    release = status.release
    if release and release.path:
        labels = counted(release.tasks or 0, "task" if len(status.fields) > 1 else "label")
        who = f"{release.by_model} of them by {release.version}" if release.version else "all by people"
        yield f"Release {release.number}: {labels}, {who}"
        yield f"  in {escape(release.path)}"
        yield f"  as files for others: labelloop export {status.connection.project_id} FOLDER"
    elif release:
        left = "" if release.waiting is None else f", {counted(release.waiting, 'task')} left to people"
        left += f" ({release.waiting_audit} of them audit tasks)" if release.waiting_audit else ""
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
    for point in learning_curve(status):
        closed, found = point.closed, point.measured
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
