"""Other ways through the same loop: several labels a task, and Label Studio's "Start training"."""

import httpx

from labelloop.domain.records import ClosedRound
from labelloop.domain.tasks import Role
from labelloop.domain.values import Choices, FieldKind, Value
from labelloop.rules import Rules
from labelloop.steps.model_store import load_model
from sync.api.client import LabelStudio
from sync.api.wire import WireTask
from sync.codecs.region_codec import from_regions, to_regions
from tests.e2e.world import THINGS, World, of_role, rounds, settled

SEVERAL = """<View><Text name="text" value="$text"/><Choices name="about" toName="text" choice="multiple">
<Choice value="价格"/><Choice value="服务"/></Choices></View>"""
SAID = {
    "{}又贵又不值，价格太高": {"价格"},
    "the staff at the {} were rude": {"服务"},
    "{}价格贵，而且 the staff were rude 😡": {"价格", "服务"},
    "we saw a {} by the lake": set[str](),
}


def test_several_labels_a_task_are_learned_and_shown(world: World) -> None:
    """A multiple choice, in Chinese: all the labels a task has come back as one pre-annotation."""
    truth = {said.format(thing): Choices(frozenset(labels)) for said, labels in SAID.items() for thing in THINGS}
    rules = Rules(round_size=16, monitor_size=8, monitor_share=0.3, queue_rounds=2, learners=("linear",))
    view = world.project_of("Several labels", SEVERAL, [{"text": text} for text in truth], rules)

    def judge(person: LabelStudio) -> WireTask | None:
        task = person.next_task(view.id)
        if task:
            person.annotate(task.id, to_regions(view.state.field, truth[str(task.data["text"])]))
        return task

    world.work_until_round(view, 1, judge)
    world.wait(lambda: settled(view), "the first model")

    deployed = view.state.deployed
    assert deployed is not None
    assert view.state.field.kind is FieldKind.CHOICES
    model = load_model(view.book, deployed, context=world.context.models)
    shown = shown_values(world, view.id)
    assert shown, "some tasks carry a pre-annotation"
    for text, value in shown.items():
        assert value == model.predict([text])[0].value


def test_start_training_in_label_studio_closes_a_round_at_once(world: World) -> None:
    """The button that other backends answer with an error."""
    view = world.project(title="Start training")
    while not [a for a in view.mirror.annotations() if a.task_id not in of_role(view, Role.MONITOR)]:
        world.label(view, world.people[0])
        world.wait(lambda: len(view.mirror.annotations()) >= len(world.shown[view.id]), "the collection")
    (backend,) = world.context.label_studio.backends(view.id)
    studio = world.services.label_studio

    answer = httpx.post(
        f"{studio.url}/api/ml/{backend.id}/train", headers={"Authorization": f"Token {studio.token}"}, timeout=60
    )

    assert answer.is_success
    world.wait(lambda: rounds(view) == 1 and settled(view), "the round that was asked for")
    record = view.ledger.newest(ClosedRound, view.id, number=1)
    assert record is not None
    assert record.reason == "asked for"


def shown_values(world: World, project_id: int) -> dict[str, Value]:
    """Return what the pre-annotations of the newest version say, by text; audit tasks say nothing."""
    view = world.view(project_id)
    name = view.state.published_name
    blind = of_role(view, Role.MONITOR)
    found: dict[str, Value] = {}
    for page in world.context.label_studio.task_pages(project_id):
        for task in page:
            for prediction in task.predictions:
                if prediction.model_version == name and task.id not in blind:
                    value = from_regions(view.state.field, prediction.result)
                    if value is not None:
                        found[str(task.data["text"])] = value
    return found
