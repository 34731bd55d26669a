"""`labelloop relabel` on a real Label Studio: a second person is given the doubtful labels first, and blind."""

import json
from pathlib import Path

from sync.api.client import LabelStudio
from sync.codecs.region_codec import from_regions
from tests.cli.conftest import Run
from tests.sync.conftest import MOOD, choice
from tests.sync.stub_backend import StubBackend
from workers.demo.accounts import Annotator
from workers.local.label_studio import RunningLabelStudio

WORDS = {
    "good": ("a lovely happy sunny day", "what a great and wonderful present", "I love this beautiful place"),
    "bad": ("an awful broken machine", "terrible service and a horrible smell", "I hate this ugly noise"),
}
ROWS = [(f"{WORDS[label][n % 3]}, number {n}", label) for n in range(24) for label in WORDS]
RULES = 'round_size = 10\nmonitor_size = 5\nqueue_rounds = 1\nlearners = ["linear"]\n'


def test_a_second_person_judges_the_doubtful_labels_first(
    run: Run,
    client: LabelStudio,
    project: int,
    backend: StubBackend,
    label_studio: RunningLabelStudio,
    people: list[Annotator],
    tmp_path: Path,
) -> None:
    """Mistakes come first in the other person's stream, without an answer; disputed ones need a third person."""
    ids = client.import_tasks(project, [{"data": {"text": text}} for text, _ in ROWS])
    wrong = ids[:3]
    for task, (_, label) in zip(ids[:40], ROWS, strict=False):
        said = {"good": "bad", "bad": "good"}[label] if task in wrong else label
        client.annotate(task, [choice(said)], lead_time=1.0)
    (tmp_path / "rules.toml").write_text(RULES, "utf-8")
    assert run("connect", str(project), "--rules", str(tmp_path / "rules.toml")).status == 0

    early = run("relabel", str(project))
    assert early.status == 2
    assert "no model yet" in early.err
    trained = run("train", str(project), "--now")
    assert trained.status == 0, trained.err

    done = run("relabel", str(project), "--top", "3", "--json")
    assert done.status == 0, done.err
    found = json.loads(done.out)
    assert {row["task_id"] for row in found["put_back"]} == set(wrong)
    assert found["publication"] == "v1.2" == client.project(project).model_version
    assert found["too_few"] == {"还行": 0}
    assert {task.overlap for task in client.tasks(project, wrong)} == {2}

    with LabelStudio(label_studio.url, people[0].token) as second:
        for _ in wrong:
            given = second.next_task(project)
            assert given is not None
            assert given.id in wrong
            newest = next(p for p in given.predictions if p.model_version == "v1.2")
            assert newest.result == []
            before = next(a for a in client.tasks(project, [given.id])[0].annotations)
            label = str(from_regions(MOOD, before.regions))
            second.annotate(given.id, [choice({"good": "bad", "bad": "good"}[label])], lead_time=1.0)
        after = second.next_task(project)
        assert after is None or after.id not in wrong

    again = run("train", str(project), "--now")
    assert again.status == 0, again.err
    assert {task.overlap for task in client.tasks(project, wrong)} == {3}, "two people differ: a third is asked"
    shown = json.loads(run("round", "show", str(project), "--json").out)
    assert (shown["number"], shown["train"]) == (2, 37)
    last = run("relabel", str(project))
    assert last.status == 0
    assert "of 37 labels" in last.out
    assert "fewer than 10 examples: 还行 (0)" in last.out
