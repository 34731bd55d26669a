"""Made-up projects that have content on every page: what the pages' pictures show, and what is looked at closely."""

from dataclasses import replace
from datetime import timedelta
from itertools import combinations
from random import Random

from labelloop.acting import PAGE, Actor, acting
from labelloop.domain.certification import Population
from labelloop.domain.gold_record import GoldTask
from labelloop.domain.guideline_records import Guideline
from labelloop.domain.queue import QueueItem
from labelloop.domain.records import Certificate, CertifyDraw, Publication, Release, ReleaseOrder
from labelloop.domain.refinement import Edit, Evidence, Refinement
from labelloop.domain.tasks import Annotation, Origin, Task, TaskState, fingerprint
from labelloop.domain.value_cells import value_json
from labelloop.domain.values import Choice
from labelloop.state.load import load
from labelloop.stats.risk_coverage import RiskPoint
from labelloop.steps.adjudicate import adjudicate
from labelloop.steps.trail import enter
from labelloop.stores.certify_files import CERTIFY_FILE, write_population
from labelloop.stores.queue_file import QUEUE_FILE, write_queue
from labelloop.stores.risk_file import RISK_FILE, write_risk
from tests.pages.showroom_words import Words
from tests.pages.world import NOON, World

TASKS = 1500
LEAD = Actor("lead@example.com", PAGE, "192.0.2.7")
ROUNDS = (("linear", "v1", ""), ("linear", "v2", ""), ("contrastive", "v3", "v4"), ("contrastive", "v5", "v6"))
"""Of each round the learner whose version won, that version, and one that lost."""
WRONG = (0.42, 0.33, 0.25, 0.19)
"""How often the winner is wrong, round by round, and how often a person is."""
SLIPS = 0.08
WHY = "better by more than one standard error (+0.062 on 160 audit tasks, standard error 0.021)"
PEOPLE = (1, 2, 3, 4)
CHECKS = 140
"""So many audit tasks check one person more."""
SPLIT = {3: 3, 14: 2, 27: 2, 41: 2, 58: 3}
"""Tasks to learn from on which so many people differ."""
NEW = 14
"""Labels since the newest round."""


def furnish(world: World, project: int, words: Words) -> None:
    """Write a project down that was labelled for four rounds: disputes, guidelines and log entries included."""
    shown = replace(world, text=words.text)
    shown.connect(project, words.title, (words.field,), words.labels, TASKS)
    for place, (learner, version, lost) in enumerate(ROUNDS, 1):
        said = {id_: _audit_answers(words, id_, place) for id_ in range(5, 200 * place + 1, 5)}
        learned = {id_: words.labels[words.label(id_)] for id_ in _to_learn_from(60 * place)}
        shown.audited(
            project,
            said,
            number=place,
            version=version,
            learner=learner,
            learned=learned,
            who=_both,
            origins={id_: Origin.CORRECTED if id_ % 7 == 1 else Origin.ACCEPTED for id_ in learned},
            why=WHY if place > 1 else "first",
        )
        if lost:
            wrong = {id_: _audit_answers(words, id_, place, worse=0.06) for id_ in said}
            shown.fitted(project, wrong, number=place, version=lost, labels=60 * place, who=_both)
    world.book.mirror(project).put([_labelled(words, id_) for id_ in range(1, 200 * len(ROUNDS) + 1)])
    _check_people(world, project, words)
    publish(world, project, "v5", len(ROUNDS))
    _write_guidelines(world, project, words)
    _act(world, project, words)


def _check_people(world: World, project: int, words: Words) -> None:
    """Put audit tasks back, each for somebody who has not labelled it; one of the people has become careless."""
    for place, id_ in enumerate(range(5, 5 * CHECKS + 1, 5)):
        waiting = [who for who in PEOPLE if who not in _both(id_)]
        who, at = waiting[place % len(waiting)], NOON + timedelta(days=7)
        state = _labelled(words, id_)
        said = _said(words, id_, who, 0.5 if who == PEOPLE[-1] else SLIPS / 2)
        given = Annotation(100 * id_ + 50, id_, who, Choice(said), at, Origin.MANUAL)
        world.book.mirror(project).put([replace(state, annotations=(*state.annotations, given))])
        gold = GoldTask(
            project, id_, 3 + (place >= CHECKS // 2), 2, 100 * id_ + 49, created_at=NOON + timedelta(days=6)
        )
        world.record(gold, f"gold-{id_}")


def publish(world: World, project: int, version: str = "", number: int = 0) -> None:
    """Give people the queue of a version: tasks that nobody has touched, audit tasks among them."""
    state = load(world.book, project)
    waiting = sorted(state.tasks.ids - state.tasks.annotators.keys())[:180]
    items = [QueueItem(id_, place, {}) for place, id_ in enumerate(waiting)]
    blind = sum(id_ % 5 == 0 for id_ in waiting)
    made = Publication(
        project, version or "v0", version, number, len(items), blind, created_at=NOON + timedelta(days=8)
    )
    world.record(made, "publication", {QUEUE_FILE: write_queue(items, {}, [state.field.name])})


def certify(world: World, project: int, words: Words) -> None:
    """Let the version of the newest round be certified, and the project released."""
    at = NOON + timedelta(days=9)
    untouched = [id_ for id_ in range(1, TASKS + 1) if not _labelled(words, id_).annotations]
    prints = {id_: Task(id_, words.text(id_)).fingerprint for id_ in range(1, TASKS + 1)}
    drawn = Population(prints, frozenset(untouched), tuple(untouched[:300]))
    draw = CertifyDraw(project, 1, "v5", 300, len(untouched), 0.05, 0.025, created_at=at)
    world.record(draw, "draw-1", {CERTIFY_FILE: write_population(drawn)})
    found = Certificate(
        project,
        1,
        "v5",
        True,
        "14 of 300 tasks wrong; up to 11 may be wrong at or above the threshold",
        300,
        14,
        11,
        0.4242,
        0.73,
        0.05,
        0.025,
        created_at=at,
    )
    world.record(found, "certificate-1", {RISK_FILE: write_risk(_errors(found))})
    world.record(ReleaseOrder(project, 1, "v5", TASKS, active=True, created_at=at), "order-1")
    files = {"release.parquet": b"", "release.csv": b"", "release.json": b"{}"}
    written = Release(project, 1, 1, "v5", TASKS, 812, 685, left_out=3, created_at=at)
    world.record(written, "release-1", files)


def _errors(found: Certificate) -> list[RiskPoint]:
    """Return a curve of so many errors, most of them where the model is least sure."""
    at = [round(found.n * (1 - 0.75 * (place / found.errors) ** 1.5)) for place in range(found.errors)]
    return [RiskPoint(k, 1 - 0.79 * k / found.n, sum(one <= k for one in at)) for k in range(1, found.n + 1)]


def _audit_answers(words: Words, id_: int, place: int, worse: float = 0.0) -> tuple[str, ...]:
    """Return what the model says of an audit task, then what people do: they are wrong now and then."""
    model = (-place - 10 * bool(worse), WRONG[place - 1] + worse)
    return tuple(_said(words, id_, who, wrong) for who, wrong in (model, *((p, SLIPS) for p in _both(id_))))


def _both(id_: int) -> tuple[int, ...]:
    """Return the two who answer an audit task: the first pair has most."""
    pairs = (PEOPLE[:2], *combinations(PEOPLE, 2))
    return pairs[id_ // 5 % len(pairs)]


def _said(words: Words, id_: int, who: int, wrong: float) -> str:
    chance = Random(f"{id_} {who}")
    slip = chance.randint(1, len(words.labels) - 1) if chance.random() < wrong else 0
    return words.labels[(words.label(id_) + slip) % len(words.labels)]


def _labelled(words: Words, id_: int) -> TaskState:
    """Return a task as people have left it: audit tasks have two answers, disputed ones up to three, the others one."""
    at = NOON + timedelta(minutes=5 * id_)
    alone = (PEOPLE[id_ % 4],) if _is_done(id_) else ()
    people = PEOPLE[: SPLIT[id_]] if id_ in SPLIT else _both(id_) if id_ % 5 == 0 else alone
    given = [
        Annotation(
            *(100 * id_ + who, id_, who, Choice(_answer(words, id_, who)), at, Origin.MANUAL),
            lead_time=4.0 + 3 * who + id_ % 7,
        )
        for who in people
    ]
    if id_ % 90 == 6:
        given.append(Annotation(100 * id_ + 9, id_, 2, None, at, skipped=True))
    return TaskState(Task(id_, words.text(id_)), tuple(given), at)


def _answer(words: Words, id_: int, who: int) -> str:
    if id_ in SPLIT:
        return words.labels[(words.label(id_) + who // 2) % len(words.labels)]
    return _said(words, id_, who, SLIPS if id_ % 5 == 0 else 0.0)


def _is_done(id_: int) -> bool:
    return id_ - id_ // 5 <= 60 * len(ROUNDS) + NEW


def _to_learn_from(count: int) -> list[int]:
    """Return the first tasks that are no audit tasks."""
    return [id_ for id_ in range(1, 2 * count) if id_ % 5][:count]


def _write_guidelines(world: World, project: int, words: Words) -> None:
    """Let a guideline stand, be bettered by an LLM, and bettered again: that waits for the lead."""
    first = "# Guideline\n\n" + "".join(
        f"## {label}\n{some[0]}\n\n" for label, some in zip(words.labels, words.texts, strict=True)
    )
    made = NOON + timedelta(days=1)
    start = Guideline(
        project, 1, 1, "prompt", "file", "accepted", "the file says so", 0, 0, None, None, None, 0.0, created_at=made
    )
    better = replace(
        start, number=2, round_number=3, origin="llm", reason="12 held-out examples better, 1 worse", basis=1
    )
    better = replace(
        better, n=50, before=0.62, after=0.84, p_value=0.002, cost=0.0213, created_at=made + timedelta(days=2)
    )
    later = replace(
        better, number=3, round_number=4, outcome="proposed", basis=2, before=0.84, after=0.86, p_value=0.31
    )
    second = first.replace(words.texts[1][0], f"{words.texts[1][0]}\n{words.rule}", 1)
    third = f"{second}{words.texts[3][1]}\n"
    for one, text in zip((start, better, later), (first, second, third), strict=True):
        files = {"guideline.md": text.encode()}
        if one == later:
            files["refinement.json"] = _refined(words).to_json().encode()
        world.record(one, f"guideline-{one.number}", files)


def _refined(words: Words) -> Refinement:
    """Return how the newest proposal came about: from three errors; two of the tasks that it was tried on changed."""
    edit = Edit(words.labels[3], words.texts[3][1])
    ids = list({words.text(id_): id_ for id_ in reversed(_to_learn_from(200))}.values())
    errors = [_evidence(words, id_, 3 - 2 * (words.label(id_) == 3)) for id_ in ids[:3]]
    better = replace(_evidence(words, ids[3], 3), after=_value(words, words.label(ids[3])), gain=1.0)
    worse = replace(_evidence(words, ids[4], words.label(ids[4])), after=_value(words, 3), gain=-1.0)
    return Refinement("ledger", "", "proposed", edits=(edit,), after=0.86, evidence=(*errors, better, worse))


def _evidence(words: Words, id_: int, said: int) -> Evidence:
    return Evidence(fingerprint(words.text(id_)), _value(words, words.label(id_)), _value(words, said))


def _value(words: Words, label: int) -> str:
    return value_json(Choice(words.labels[label]))


def _act(world: World, project: int, words: Words) -> None:
    """Let the lead decide two disputes, one of them a gap, and do this and that."""
    with acting(Actor("ops", "command", "annotation-1")):
        enter(world.book, project, "connect", words.title)
        enter(world.book, project, "rules", "round_size=40 learners=linear,contrastive")
    with acting(LEAD):
        enter(world.book, project, "deploy", "v5 --pin")
        enter(world.book, project, "unpin")
        for task, reason in ((3, "gap in the guideline"), (14, "slip")):
            answer = value_json(Choice(_answer(words, task, 2)))
            state = load(world.book, project)
            adjudicate(world.book, state, task, value=answer, reason=reason, note=words.note, who=LEAD.name)
