"""The end of the loop on the real thing: verdict, certificate, release, and every label traced to its origin."""

import hashlib
import itertools
import json
from collections import Counter
from datetime import datetime
from pathlib import Path

import pytest
import yaml

from labelloop.domain.next_step import Phase
from labelloop.domain.records import Certificate, ClosedRound, Fit, Release, Verdict
from labelloop.domain.release_row import ReleaseRow, Source
from labelloop.domain.tasks import Role, Task
from labelloop.rules import Rules
from labelloop.stats.pac import allowed_errors
from labelloop.steps.predict_tasks import answer
from labelloop.stores.release_files import RELEASE_FILE, read_release
from sync.api.client import LabelStudio
from sync.api.wire import WireTask
from sync.codecs.release_marks import is_ours
from tests.core.opened_project import OpenedProject
from tests.e2e.command_line import command, refused
from tests.e2e.world import LARGE, World, has_content, label_of, of_role, settled
from workers.demo.accounts import create_annotator

TEXTS = {text: label for number, (text, label) in enumerate(LARGE.items()) if number % 3}
RULES = Rules(round_size=30, round_growth=0, monitor_size=24, monitor_share=0.6, queue_rounds=3, learners=("linear",))
WRONG = 0.05
"""With this probability a simulated person gives the wrong label of a text, each on their own, always the same one."""
MAX_ERROR, DRAWN = 0.10, 60
TEXT, NUMBER, SHARE, FLAG = "Value('string')", "Value('int64')", "Value('float64')", "Value('bool')"
FEATURES = {
    **dict.fromkeys(("input_text", "label", "source", "role", "version", "model_digest"), TEXT),
    **dict.fromkeys(("task_id", "round", "people"), NUMBER),
    **dict.fromkeys(("margin", "confidence"), SHARE),
    **dict.fromkeys(("annotators", "annotations"), f"List({NUMBER})"),
    "labels": f"List({TEXT})",
    "shown": FLAG,
    "data.text": TEXT,
}


@pytest.fixture(scope="module")
def released(world: World) -> OpenedProject:
    """Take a project of 160 texts from its first label to its release, with people who err; checks on the way."""
    view = world.project(RULES, title="Release", texts=TEXTS)
    world.label_until_round(view, 1, most=120, says=says)
    world.wait(
        lambda: settled(view) and view.ledger.newest(Verdict, view.id) is not None, "the first model and its verdict"
    )
    pre_annotated = {
        task.id for task in tasks(world, view) if any(has_content(view, p.result) for p in task.predictions)
    }

    wish = "certify", str(view.id), "--max-error", str(MAX_ERROR), "--n", str(DRAWN)
    assert "does not pay" in refused(world, *wish), "so small a pool is only certified to show how it goes"
    command(world, *wish, "--anyway")
    drawn = of_role(view, Role.CERTIFY)
    world.wait(lambda: settled(view), "the blind queue")
    assert len(drawn) == DRAWN
    assert drawn & pre_annotated, "some had shown a pre-annotation before"
    assert not contents(world, view, drawn)
    for person in itertools.islice(itertools.cycle(world.people), len(drawn)):
        task = world.label(view, person, says)
        assert task is not None
        assert task.id in drawn, "people get these tasks before all others"
        assert not any(has_content(view, p.result) for p in task.predictions)
    assert not contents(world, view, drawn), "and while they were judged, none came back"
    world.wait(lambda: view.ledger.newest(Certificate, view.id) is not None, "the certificate")
    certificate = status(world, view)["certificate"]
    assert certificate["granted"], certificate["reason"]
    assert f"labelloop release {view.id}" in command(world, "status", str(view.id)), "people read what comes next"

    command(world, "release", str(view.id))
    world.wait(
        lambda: not view.state.looped.missing_chunks and (settled(view) or view.state.phase is Phase.ROUNDS),
        "the predictions",
    )
    finish(world, view)
    world.wait(lambda: settled(view), "the rest of the loop")
    assert status(world, view)["next"] == "nothing: release 1 is written"
    assert f"labelloop export {view.id} FOLDER" in command(world, "status", str(view.id))
    return view


def test_after_a_round_the_verdict_stands(world: World, released: OpenedProject) -> None:
    """It says how near to people the model is, on tasks that were judged blind, and what to do next."""
    verdict = json.loads(command(world, "verdict", str(released.id), "--json"))

    assert verdict["round"] == 1
    assert verdict["outcome"] in {"yes", "not yet", "cannot tell", "guideline needs work"}
    assert verdict["reason"]
    assert verdict["advice"]
    assert verdict["agreement"]["n"] == verdict["human_agreement"]["n"] > 0
    assert 0 <= verdict["human_agreement"]["low"] <= verdict["human_agreement"]["value"] <= 1


def test_the_certificate_says_everything_its_reader_needs(world: World, released: OpenedProject) -> None:
    """Promise, evidence, threshold, model and its digest, dates, and how well people agree with each other."""
    path = Path(status(world, released)["certificate"]["path"])
    page = json.loads((path / "certificate.json").read_text("utf-8"))
    fit = released.ledger.newest(Fit, released.id)
    assert fit is not None

    assert page["granted"]
    assert "at most 10.00% of the labels differ from people's, with probability 95.00% or more" in page["promise"]
    assert page["n"] == DRAWN
    assert 0 <= page["not_judged"] <= page["errors"] < DRAWN
    assert page["allowed"] == allowed_errors(DRAWN, max_error=MAX_ERROR, delta=0.05, pool=page["pool"])
    assert (page["max_error"], page["delta"]) == (MAX_ERROR, 0.05)
    assert 0 <= page["threshold"] <= 1
    assert 0 < page["automated"] <= 1
    assert DRAWN < page["pool"] < page["tasks"] == len(TEXTS)
    assert page["model"]["version"] == page["version"] == "v1"
    assert page["model"]["artifact"] == fit.artifact
    assert datetime.fromisoformat(page["drawn_at"]) < datetime.fromisoformat(page["certified_at"])
    assert page["rounds"] == [closed.artifact for closed in released.ledger.all(ClosedRound, released.id)]
    assert page["certify_set"] in released.book.artifacts.names()
    assert {label["label"] for label in page["labels"]} == {"happy", "angry"}
    assert 0 <= page["people"]["low"] <= page["people"]["agreement"] <= page["people"]["high"] <= 1
    assert page["people"]["tasks"] > 0


def test_the_released_labels_are_wrong_no_more_often_than_promised(released: OpenedProject) -> None:
    """Against people's labels, of which the promise is, and against the truth, people's own errors included."""
    rows = read(released)
    by_model = [row for row in rows if row.source is Source.MODEL]
    against_people = sum(str(row.value) != opinion(1, row.text) for row in by_model)
    against_truth = Counter(row.source for row in rows if str(row.value) != TEXTS[row.text])

    assert len(rows) + found(released).left_out == len(TEXTS)
    assert by_model, "people did not label everything"
    assert against_truth[Source.PEOPLE] > 0, "people did err"
    assert against_people / len(rows) <= MAX_ERROR
    assert against_truth.total() / len(rows) <= MAX_ERROR


def test_every_row_of_the_release_leads_back_to_its_origin(world: World, released: OpenedProject) -> None:
    """People's: to annotations in Label Studio that say so. The model's: to stored files that say so again."""
    rows, held = read(released), {task.id: task for task in tasks(world, released)}
    said = {a.id: (task, a) for task in held.values() for a in task.annotations}
    models = {name.rpartition("-")[2]: name for name in released.book.artifacts.names() if "/model-" in name}
    fits = {fit.artifact: fit for fit in released.ledger.all(Fit, released.id)}

    for row in rows:
        assert held[row.task_id].data["text"] == row.text
    for row in (row for row in rows if row.source is Source.PEOPLE):
        origins = [said[id_] for id_ in row.annotations]
        assert {(task.id, a.annotator_id) for task, a in origins} == {(row.task_id, who) for who in row.annotators}
        labels = Counter(label_of(released, a.regions) for _, a in origins)
        assert labels.most_common(1)[0][0] == str(row.value)
        assert len(row.annotations) == len(row.annotators) == len(held[row.task_id].annotations)
    for digest, group in itertools.groupby([row for row in rows if row.source is Source.MODEL], by_digest):
        ours = {row.task_id: row for row in group}
        fit = fits[models[digest]]
        again = answer(
            released.book, fit, [Task(row.task_id, row.text) for row in ours.values()], context=world.context.models
        )
        assert {id_: given.value for id_, given in again.items()} == {id_: row.value for id_, row in ours.items()}
        assert all(again[id_].margin == row.margin for id_, row in ours.items())
        assert not any(row.annotations or row.annotators or held[row.task_id].annotations for row in ours.values())


def test_the_export_opens_as_a_data_set_with_a_complete_card(
    world: World, released: OpenedProject, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`load_dataset` finds every row and column without a network; the card's front matter is what the Hub reads."""
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setenv("HF_DATASETS_OFFLINE", "1")
    from datasets import load_dataset, load_from_disk

    rows, folder = read(released), tmp_path / "moods"
    command(world, "export", str(released.id), str(folder), "--format", "csv,jsonl,parquet,hf,label-studio")
    loaded = load_dataset(str(folder), split="train", cache_dir=str(tmp_path / "cache"))
    loaded.save_to_disk(str(tmp_path / "saved"))

    for found_again in (loaded, load_from_disk(str(tmp_path / "saved"))):
        assert found_again.num_rows == len(rows)
        assert {name: str(kind) for name, kind in found_again.features.items()} == FEATURES
        assert dict(zip(found_again["task_id"], found_again["label"], strict=True)) == {
            row.task_id: str(row.value) for row in rows
        }
    _, front, body = (folder / "README.md").read_text("utf-8").split("---\n", 2)
    card = yaml.safe_load(front)
    assert card["pretty_name"] == "Release"
    assert card["task_categories"] == ["text-classification"]
    assert card["size_categories"] == ["n<1K"]
    assert card["configs"][0]["data_files"][0]["path"] == "data/train-00000-of-00001.parquet"
    for said in (
        "## Labels",
        "## How good the labels are",
        "## How it was made",
        "## Columns",
        "## Limits",
        "**Certificate 1:** at most 10.0% of the labels in this data set differ from people's",
        f"It rests on {DRAWN} tasks drawn at random",
        "People agree with each other by",
        "**Human level**",
        f"digest `{rows[0].model_digest}`",
    ):
        assert said in body


def test_model_labels_written_back_are_never_taken_for_people_s(world: World, released: OpenedProject) -> None:
    """As predictions and as annotations of an account of their own; and taken back, the loop is where it was."""
    settings, project = world.services.settings, str(released.id)
    account = create_annotator(world.people[0].url, settings.label_studio_token.get_secret_value(), 9)
    ours = {row.task_id: str(row.value) for row in read(released) if row.source is Source.MODEL}
    before = released.mirror.annotations()

    as_predictions = json.loads(command(world, "write-back", project, "--json"))
    as_annotations = "write-back", project, "--as", "annotations", "--user", account.email, "--json"
    first, second = json.loads(command(world, *as_annotations)), json.loads(command(world, *as_annotations))

    assert as_predictions == {"written": len(ours), "left_alone": {}}
    assert first == {"written": len(ours), "left_alone": {}}
    assert second == {"written": 0, "left_alone": {"there already": len(ours)}}
    written = {task.id: a for task in tasks(world, released) for a in task.annotations if is_ours(a)}
    assert {id_: label_of(released, a.regions) for id_, a in written.items()} == ours
    with LabelStudio(world.people[0].url, account.token) as someone:
        assert {a.annotator_id for a in written.values()} == {someone.whoami().id}
    assert released.mirror.annotations() == before, "and the second run has pulled what the first wrote"
    assert "Take them back first" in refused(world, "certify", project, "--n", "30")

    removed = json.loads(command(world, "write-back", project, "--remove", "--json"))

    assert removed == {"removed": 2 * len(ours)}
    assert not any(is_ours(a) for task in tasks(world, released) for a in task.annotations)
    assert "release" not in " ".join(world.context.label_studio.model_versions(released.id))
    assert status(world, released)["next"] == "nothing: release 1 is written"


def says(person: LabelStudio, text: str) -> str:
    """Say what one of the two simulated people thinks of a text."""
    return opinion(person.whoami().id, text)


def opinion(who: int, text: str) -> str:
    """Return what a simulated person says of a text: the truth, but for a share `WRONG` of texts."""
    drawn = int.from_bytes(hashlib.blake2b(f"{who} {text}".encode(), digest_size=4).digest()) / 2**32
    return TEXTS[text] if drawn >= WRONG else {"happy": "angry", "angry": "happy"}[TEXTS[text]]


def finish(world: World, view: OpenedProject) -> None:
    """Let people label what the release leaves to them, and no more."""
    waiting, done = set(view.state.waiting), set[int]()
    for person in itertools.cycle(world.people):
        if done == waiting:
            break
        task = world.label(view, person, says)
        assert task is not None
        # one of the last few may be shown to both: nobody's lock shall keep the others waiting
        assert task.id in waiting, "what the release waits for comes first"
        done.add(task.id)
    world.wait(lambda: view.state.phase is Phase.ROUNDS, "the release")


def found(view: OpenedProject) -> Release:
    """Return the release."""
    record = view.ledger.newest(Release, view.id)
    assert record is not None
    return record


def read(view: OpenedProject) -> list[ReleaseRow]:
    """Return the released rows."""
    return read_release(view.book.artifacts.read(found(view).artifact, RELEASE_FILE))


def by_digest(row: ReleaseRow) -> str:
    return row.model_digest


def contents(world: World, view: OpenedProject, wanted: set[int]) -> set[int]:
    """Return which of the tasks have a prediction with content in Label Studio, of whatever version."""
    some = [task for task in tasks(world, view) if task.id in wanted]
    return {task.id for task in some if any(has_content(view, p.result) for p in task.predictions)}


def tasks(world: World, view: OpenedProject) -> list[WireTask]:
    return [task for page in world.context.label_studio.task_pages(view.id) for task in page]


def status(world: World, view: OpenedProject) -> dict:  # type: ignore[type-arg]
    return json.loads(command(world, "status", str(view.id), "--json"))  # type: ignore[no-any-return]
