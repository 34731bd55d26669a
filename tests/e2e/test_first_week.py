"""What a newcomer does in a first week, with the commands they would use, on the real thing.

Two projects with no rules file: 600 English text messages with columns of their own, and 500 Chinese headlines.
"""

import csv
import itertools
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from labelloop.domain.records import Certificate, Fit
from labelloop.domain.values import Choice
from labelloop.encoders.encoder_spec import EncoderSpec
from labelloop.encoders.names import BUNDLED, MULTILINGUAL
from labelloop.state.round_content import judged_now
from labelloop.steps.predict_tasks import answer as predict
from sync.api.client import LabelStudio
from sync.api.json_shapes import Row
from sync.api.wire import WireTask
from tests.core.opened_project import OpenedProject
from tests.e2e.command_line import command, refused
from tests.e2e.world import World, settled
from workers.demo.annotators import answer
from workers.demo.messages import MESSAGES, load_messages
from workers.local.stack_here import only_stack

pytestmark = pytest.mark.timeout(1800)  # whichever test comes first waits for six rounds
ENGLISH, CHINESE = 600, 500
ROUNDS = 3
HEADLINES = """<View><Text name="text" value="$text"/>
<Choices name="栏目" toName="text" choice="single" required="true">
<Choice value="{}"/><Choice value="体育"/><Choice value="科技"/></Choices></View>"""
WHO = {
    "娱乐": ("新剧", "歌手", "导演", "影后", "综艺", "演唱会", "票房", "偶像", "电影节", "喜剧"),
    "体育": ("主队", "前锋", "教练", "冠军", "联赛", "裁判", "马拉松", "决赛", "射门", "泳坛"),
    "科技": ("芯片", "手机", "火箭", "算法", "电池", "机器人", "卫星", "浏览器", "显卡", "操作系统"),
}
HOW = (
    "{}今晚引发热议",
    "专访：{}背后的故事",
    "{}创下今年新纪录",
    "为什么大家都在谈论{}",
    "{}迎来最关键的一周",
    "网友点评：{}令人意外",
    "{}宣布推迟到下个月",
    "现场直击{}",
    "一文看懂{}的变化",
    "{}再次登上榜首",
    "三问{}：下一步怎么走",
    "{}回应外界质疑",
    "来自上海的{}新消息",
    "{}本周看点",
    "盘点：十大{}瞬间",
    "{}的幕后团队首次亮相",
    "记者观察：{}之争",
)


@dataclass(frozen=True)
class Project:
    """A connected project, what is true of its texts, and what `connect` said."""

    view: OpenedProject
    truth: Mapping[str, str]
    said: str


@pytest.fixture(scope="module")
def english(world: World, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Connect the messages, each with the column `sender` and a note in the task's `meta`."""
    world.leave()
    messages = load_messages(tmp_path_factory.mktemp("downloads"))[:ENGLISH]
    truth = {message.text: message.ratings[0] for message in messages}
    rows: list[Row] = [
        {"data": {"text": text, "sender": f"+44 {n:05}"}, "meta": {"batch": n % 7}} for n, text in enumerate(truth)
    ]
    return connected(world, "Text messages", MESSAGES.label_config, rows, truth)


@pytest.fixture(scope="module")
def chinese(world: World, english: Project) -> Project:
    """Connect the headlines beside it."""
    made = ((how.format(word), label) for how in HOW for label, words in WHO.items() for word in words)
    truth = dict(itertools.islice(made, CHINESE))
    rows: list[Row] = [{"data": {"text": text}, "meta": {}} for text in truth]
    return connected(world, "新闻标题", HEADLINES.format("娱乐"), rows, truth)


@pytest.fixture(scope="module")
def labelled(world: World, english: Project, chinese: Project) -> tuple[Project, Project]:
    """Take both through three rounds, after the lead has made rounds smaller and kept the slow learners for later."""
    for project in (english, chinese):
        said = command(
            world, "rules", str(project.view.id), "--set", "learners=linear", "--set", "round_size=18", "--yes"
        )
        assert "learners" in said
    for project in (english, chinese):
        label_rounds(world, project, ROUNDS)
    return english, chinese


def test_each_project_gets_the_encoder_of_its_language_by_itself(
    world: World, labelled: tuple[Project, Project]
) -> None:
    """Nobody named one; `connect` says which, `rules` says why, and the models were fitted with it."""
    english, chinese = labelled

    for project, encoder in ((english, BUNDLED), (chinese, MULTILINGUAL)):
        rule = json.loads(command(world, "rules", str(project.view.id), "--json"))["encoder"]
        found = json.loads(command(world, "status", str(project.view.id), "--json"))
        assert encoder in project.said
        assert rule["value"] == encoder
        assert rule["since"] is not None, "it is stored, so that it never changes by itself"
        assert EncoderSpec.read(found["encoder"]).source == encoder
        assert found["agreement"]["value"] > 0.8


def test_a_changed_rule_is_shown_with_its_origin_and_a_misspelt_one_is_refused(
    world: World, labelled: tuple[Project, Project]
) -> None:
    """The lead sees which rules are theirs."""
    english, _ = labelled

    rules = json.loads(command(world, "rules", str(english.view.id), "--json"))
    said = refused(world, "rules", str(english.view.id), "--set", "round_sise=40")

    assert rules["learners"]["value"] == ["linear"]
    assert rules["learners"]["since"] is not None
    assert rules["margin"]["since"] is None, "a default is nobody's"
    assert "round_size" in said


def test_a_label_is_renamed_and_its_annotations_count_on(world: World, labelled: tuple[Project, Project]) -> None:
    """It is renamed in Label Studio, offered by `status`, and after `rename` nothing is lost and the model says it."""
    _, chinese = labelled
    project, view = str(chinese.view.id), chinese.view
    before = people_s(view)
    world.context.label_studio.update_project(view.id, label_config=HEADLINES.format("文娱"))
    world.wait(lambda: view.state.field.labels[0] == "文娱" and decided(view), "a round of the new configuration")
    offered = command(world, "status", project)
    assert "娱乐=文娱" in offered

    command(world, "rename", project, "--label", "娱乐=文娱")

    world.wait(lambda: decided(view), "a model of the new label")
    assert predicted_labels(world, view) == {"文娱", "体育", "科技"}
    after = people_s(view)
    assert before["娱乐"] > 0
    assert after == Counter({{"娱乐": "文娱"}.get(label, label): n for label, n in before.items()})
    assert "娱乐=文娱" not in command(world, "status", project)


def test_the_newest_round_is_fitted_anew_on_demand(world: World, labelled: tuple[Project, Project]) -> None:
    """`refit` makes another version of the same labels."""
    english, _ = labelled
    before = len(english.view.ledger.all(Fit, english.view.id))

    command(world, "refit", str(english.view.id))

    world.wait(
        lambda: len(english.view.ledger.all(Fit, english.view.id)) > before and settled(english.view), "the refit"
    )


def test_a_certificate_is_planned_and_refused_where_the_pool_is_too_small(
    world: World, labelled: tuple[Project, Project]
) -> None:
    """The plan says what it takes; for the tasks that a promise of 1 % may take too few are left. Nothing is frozen."""
    english, _ = labelled
    project = str(english.view.id)

    plan = json.loads(command(world, "certify", project, "--dry-run", "--json"))["plan"]
    said = refused(world, "certify", project, "--max-error", "0.01", "--n", "400")

    assert 0 < plan["n"] < plan["by_hand"]
    assert "are untouched, 400 are asked for" in said
    assert "let people label the rest" in said
    assert english.view.state.attempt is None
    assert english.view.ledger.newest(Certificate, english.view.id) is None


def test_what_people_said_is_released_with_the_own_columns(
    world: World, labelled: tuple[Project, Project], tmp_path: Path
) -> None:
    """Without a certificate; every column of the import is in the export, as it was."""
    english, _ = labelled
    project, folder = str(english.view.id), tmp_path / "messages"

    command(world, "release", project, "--people-only")
    command(world, "export", project, str(folder), "--format", "csv,hf")

    (path,) = folder.rglob("*.csv")
    with path.open(encoding="utf-8-sig", newline="") as lines:
        rows = list(csv.DictReader(lines))
    senders = {text: f"+44 {n:05}" for n, text in enumerate(english.truth)}
    assert ROUNDS * 18 <= len(rows) < ENGLISH
    assert {row["source"] for row in rows} == {"people"}
    assert all(row["label"] == english.truth[row["input_text"]] for row in rows)
    assert all(row["data.sender"] == senders[row["input_text"]] for row in rows)
    assert {row["meta.batch"] for row in rows} == {str(n) for n in range(7)}


def test_a_second_up_is_refused_in_the_folder_of_the_first_and_on_its_data(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It names the folder and the way out, starts nothing, and the services that run are none the worse."""
    first, other, data = tmp_path / "first", tmp_path / "other", world.context.settings.data_dir.resolve()
    first.mkdir()
    other.mkdir()
    monkeypatch.chdir(first)
    with only_stack(data):
        in_the_folder = refused(world, "up", folder=first)
        on_the_data = refused(world, "up", "--directory", str(data), folder=other)

    for said, where, instead in (
        (in_the_folder, first, "change to another folder"),
        (on_the_data, data, "name another --directory"),
    ):
        assert str(where) in said
        assert instead in said
        assert "stop it with Ctrl-C where it runs" in said
    assert not (first / ".labelloop" / "up").exists(), "nothing was started"
    command(world, "status")


def connected(world: World, title: str, label_config: str, rows: Sequence[Row], truth: Mapping[str, str]) -> Project:
    """Make a project, import the rows, connect it with the command and no rules, and wait for its first queue."""
    studio = world.context.label_studio
    project_id = studio.create_project(title, label_config).id
    studio.import_tasks(project_id, rows)
    said = command(world, "connect", str(project_id), "--yes")
    view = world.view(project_id)
    world.first_queue(view)
    return Project(view, truth, said)


def label_rounds(world: World, project: Project, number: int) -> None:
    """Let the people label in turn until so many rounds have closed and been decided on."""

    def judge(person: LabelStudio) -> WireTask:
        task = person.next_task(project.view.id)
        assert task is not None, "the queue does not run dry"
        shown = task.predictions[0] if task.predictions else None
        label = project.truth[str(task.data["text"])]
        person.annotate(
            task.id,
            answer(project.view.state.field, label, shown),
            parent_prediction=shown.id if shown else None,
            lead_time=4.0,
        )
        return task

    world.work_until_round(project.view, number, judge, most=400)
    world.wait(lambda: settled(project.view), "its model")


def decided(view: OpenedProject) -> bool:
    """Return whether a round of the newest schema has closed and been decided on."""
    state = view.state
    last = state.last_round
    return last is not None and last.schema_number == state.schema.number and settled(view)


def predicted_labels(world: World, view: OpenedProject) -> set[str]:
    """Return the labels that the model that serves gives to some of the texts."""
    fit, state = view.state.deployed, view.state
    assert fit is not None
    tasks = list(view.mirror.tasks(sorted(state.tasks.ids)).values())
    found = predict(view.book, fit, tasks, context=world.context.models_of(state))
    return {str(one.value) for one in found.values()}


def people_s(view: OpenedProject) -> Counter[str]:
    """Return how many annotations count for each label."""
    values = (said.value for task in judged_now(*view.now()).tasks for said in task.annotations)
    return Counter(value.label for value in values if isinstance(value, Choice))
