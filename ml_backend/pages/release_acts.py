"""Releasing a data set and giving up a certificate or a release, as the page of the release offers it."""

from collections.abc import Iterator

from labelloop.domain.records import Release
from labelloop.state.load import load
from labelloop.state.project_state import ProjectState
from labelloop.state.standing_certificate import standing_certificate
from ml_backend.pages.desk import Desk, spoken
from ml_backend.pages.page_texts import Texts
from ml_backend.pages.sure_question import Act, Question
from workers.admin.order_release import call_off, order
from workers.admin.release_preview import ReleasePreview, preview
from workers.admin.release_status import certificate_status
from workers.admin.start_attempt import abandon


def promise(max_error: float, delta: float, similarity: float, t: Texts) -> str:
    """Return what a certificate promises, in words."""
    return t(
        "promise" if similarity >= 1 else "promise_similar",
        error=f"{100 * max_error:.4g}",
        probability=f"{100 * (1 - delta):.4g}",
        similarity=f"{similarity:g}",
    )


def _of_certificates(desk: Desk, project: int) -> Question:
    t, state = spoken(), load(desk.book, project)
    says = [
        *(_of_field(one, preview(desk.book, one, people_only=False), t) for one in state.by_field),
        *_promises(state, t),
    ]
    return Question(t("release_sure"), (*says, t("release_does"), t("release_costs")))


def _of_people(desk: Desk, project: int) -> Question:
    t, state = spoken(), load(desk.book, project)
    says = [_of_field(one, preview(desk.book, one, people_only=True), t) for one in state.by_field]
    return Question(t("people_release_sure"), (*says, t("people_release_does")))


def _of_field(state: ProjectState, found: ReleasePreview, t: Texts) -> str:
    """Return how many labels of a field people and its model would give."""
    by_model = {"model": f"{found.by_model:,}", "version": found.version}
    parts = [t("release_by_both" if found.version else "release_by_people", people=f"{found.by_people:,}", **by_model)]
    if found.waiting:
        parts.append(t("release_waiting", n=found.waiting, audit=found.waiting_audit))
    if left_out := sum(found.left_out.values()):
        parts.append(t("release_left_out", n=left_out))
    sentence = t("between_sentences").join(parts)
    return t("of_field", field=state.field.name, sentence=sentence) if len(state.fields) > 1 else sentence


def _promises(state: ProjectState, t: Texts) -> Iterator[str]:
    """Yield what each certificate that stands promises; of several fields by their names."""
    for one in state.attempted:
        if one.attempt and standing_certificate(one):
            drawn = one.attempt.draw
            said = t("promised_granted", promise=promise(drawn.max_error, drawn.delta, drawn.min_similarity, t))
            yield t("of_field", field=one.field.name, sentence=said) if len(state.fields) > 1 else said


def _release(desk: Desk, project: int, *, people_only: bool) -> str:
    with desk.working() as context:
        ordered = order(context, project, people_only=people_only)
    t = spoken()
    return t("release_written", number=ordered.number) if isinstance(ordered, Release) else t("release_ordered")


def _of_abandoning(desk: Desk, project: int) -> Question:
    t, state = spoken(), load(desk.book, project)
    status = next((found for one in state.attempted if (found := certificate_status(desk.book, one))), None)
    if status is None or status.granted is not None:
        return Question(t("abandon_certify_sure"), (t("no_attempt"),))
    spent = t("abandon_spent" if status.judged else "abandon_spent_none", done=status.judged, n=status.n)
    return Question(t("abandon_certify_sure"), (spent, t("abandon_certify_does")))


def _abandon(desk: Desk, project: int) -> str:
    with desk.working() as context:
        ended = abandon(context, project)
    return spoken()("abandon_certify_done", number=ended.number)


def _call_off(desk: Desk, project: int) -> str:
    with desk.working() as context:
        call_off(context, project)
    return spoken()("abandon_release_done")


def _of_calling_off(_: Desk, __: int) -> Question:
    return Question(spoken()("abandon_release_sure"), (spoken()("abandon_release_does"),))


ORDER = Act(_of_certificates, lambda *at: _release(*at, people_only=False), back="release", tab="release")
PEOPLE = Act(_of_people, lambda *at: _release(*at, people_only=True), back="release", tab="release")
ABANDON = Act(_of_calling_off, _call_off, back="release", tab="release")
ABANDON_CERTIFY = Act(_of_abandoning, _abandon, back="release", tab="release")
