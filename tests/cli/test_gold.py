"""The rule `gold` on a real Label Studio: a settled audit task is served once more, blind, and moves no figure."""

from pathlib import Path

from labelloop.domain.tasks import Role
from labelloop.state.load import load
from labelloop.steps.gold_figures import gold_figures
from labelloop.stores.book import Book
from sync.api.client import LabelStudio
from tests.cli.conftest import Run
from tests.cli.test_relabel import ROWS
from tests.sync.conftest import choice
from tests.sync.stub_backend import StubBackend
from workers.demo.accounts import Annotator
from workers.local.label_studio import RunningLabelStudio

RULES = 'round_size = 10\nmonitor_size = 5\nqueue_rounds = 1\nlearners = ["linear"]\ngold = 0.1\n'


def test_a_settled_audit_task_checks_somebody_else(
    run: Run,
    client: LabelStudio,
    project: int,
    backend: StubBackend,
    book: Book,
    label_studio: RunningLabelStudio,
    people: list[Annotator],
    tmp_path: Path,
) -> None:
    """It is given to one more person without an answer in view; what they say is a check answer and nothing else."""
    ids = client.import_tasks(project, [{"data": {"text": text}} for text, _ in ROWS])
    truth = {id_: label for id_, (_, label) in zip(ids, ROWS, strict=True)}
    (tmp_path / "rules.toml").write_text(RULES, "utf-8")
    assert run("connect", str(project), "--rules", str(tmp_path / "rules.toml")).status == 0
    run("train", str(project), "--now")  # nothing is labelled yet, but roles are drawn
    roles = load(book, project).tasks.roles
    audit = [id_ for id_ in ids if roles.get(id_) is Role.MONITOR]
    train = [id_ for id_ in ids if roles.get(id_) is Role.TRAIN]
    assert len(audit) >= 3
    with LabelStudio(label_studio.url, people[0].token) as second:
        for id_ in [*audit, *train[:20]]:
            client.annotate(id_, [choice(truth[id_])], lead_time=1.0)
        for id_ in audit:
            second.annotate(id_, [choice(truth[id_])], lead_time=1.0)
    with LabelStudio(label_studio.url, people[1].token) as third:
        third.annotate(train[20], [choice(truth[train[20]])], lead_time=1.0)
        trained = run("train", str(project), "--now")
        assert trained.status == 0, trained.err

        state = load(book, project)
        gold = {one.task_id for one in state.gold}
        assert gold
        assert gold <= set(audit)
        assert {task.overlap for task in client.tasks(project, sorted(gold))} == {3}
        before = measured(book, project)

        for _ in range(len(ROWS)):
            given = third.next_task(project)
            if given is None:
                break
            wrong = {"good": "bad", "bad": "good"}[truth.get(given.id, "good")]
            label = wrong if given.id in gold else truth.get(given.id, "good")
            if given.id in gold:
                assert all(one.result == [] for one in given.predictions)
            third.annotate(given.id, [choice(label)], lead_time=1.0)
    for id_ in gold:
        (task,) = client.tasks(project, [id_])
        assert len(task.annotations) == 3, "it was given to the third person"

    again = run("train", str(project), "--now")
    assert again.status == 0, again.err
    assert load(book, project).round_number == 2
    assert measured(book, project) == before
    (figures,) = gold_figures(book, load(book, project))
    assert (figures.own.n, figures.own.value, list(figures.by_round)) == (len(gold), 0.0, [1])


def measured(book: Book, project: int) -> tuple[object, ...]:
    """Return people's agreement with each other as of the newest round, and on how many audit tasks it is."""
    state = load(book, project)
    closed, found = state.last_round, state.looped.evaluations[-1]
    assert closed is not None
    assert found.round_number == closed.number
    return closed.audit, found.n, found.human_agreement, found.human_low, found.human_high
