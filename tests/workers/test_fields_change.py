"""A form that changes while people label it: a field is added, removed, renamed; twelve fields at once."""

from collections.abc import Iterator, Mapping
from datetime import timedelta
from pathlib import Path

import pytest

from labelloop.domain.tasks import Role
from sync.api.wire import WireAnnotation
from tests.core.made_up import truth
from tests.workers.conftest import PROJECT, RULES, Site, site
from tests.workers.fake_label_studio import FakeLabelStudio

LINEAR = RULES.model_copy(update={"learners": ("linear",)})
SAYS = {"mood": ("good", "bad", "odd"), "tone": ("warm", "cold"), "语气": ("warm", "cold")}


def config(*fields: str) -> str:
    """Return a labelling configuration of these fields, each a choice."""
    controls = "".join(
        f'<Choices name="{name}" toName="text" choice="single">'
        + "".join(f'<Choice value="{label}"/>' for label in SAYS.get(name, ("yes", "no")))
        + "</Choices>"
        for name in fields
    )
    return f'<View><Text name="text" value="$text"/>{controls}</View>'


def said(task: int, name: str) -> str:
    """Return what everybody says of a field of a task."""
    labels = SAYS.get(name, ("yes", "no"))
    return truth(task) if name == "mood" else labels[task % 3 == 0]


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, clean_redis_url: str) -> Iterator[Site]:
    """A connected form of two fields."""
    studio = FakeLabelStudio(120)
    studio.label_config = config("mood", "tone")
    with site(monkeypatch, tmp_path, clean_redis_url, studio) as made:
        made.connect(LINEAR)
        made.ring()
        yield made


def label(here: Site, count: int, *fields: str) -> None:
    """Let a person answer these fields of so many more TRAIN tasks, and two people those of the audit tasks."""
    studio, roles = here.label_studio, here.view.ledger.roles(PROJECT)
    train = [task for task, role in roles.items() if role is Role.TRAIN and not studio.stored[task].annotations][:count]
    audit = [task for task, role in roles.items() if role is Role.MONITOR and not studio.stored[task].annotations]
    for task, person in [*((task, 1) for task in [*train, *audit]), *((task, 2) for task in audit)]:
        annotate(studio, task, person, {name: said(task, name) for name in fields})
    here.ring()


def annotate(studio: FakeLabelStudio, task: int, person: int, says: Mapping[str, str]) -> None:
    studio.now += timedelta(seconds=1)
    regions = [
        {"from_name": name, "to_name": "text", "type": "choices", "value": {"choices": [value]}, "origin": "manual"}
        for name, value in says.items()
    ]
    made = WireAnnotation(
        id=10_000 * person + task,
        completed_by=person,
        updated_by=person,
        result=regions,
        created_at=studio.now,
        updated_at=studio.now,
    )
    stored = studio.stored[task]
    studio.stored[task] = stored.model_copy(
        update={"annotations": [*stored.annotations, made], "updated_at": studio.now}
    )


def names(here: Site) -> list[str]:
    return [one.field.name for one in here.view.state.fields]


def shown(here: Site) -> set[str]:
    """Return of which fields people are shown anything now."""
    every = [rows.get(here.label_studio.model_version, {}) for rows in here.label_studio.predictions.values()]
    results = [row.get("result") for row in every]
    return {region["from_name"] for result in results if isinstance(result, list) for region in result}


def test_a_field_that_is_removed_is_passed_over_and_the_others_go_on(here: Site) -> None:
    """Its record stays; what comes back finds it again."""
    label(here, 12, "mood", "tone")
    assert names(here) == ["mood", "tone"]
    assert shown(here) == {"mood", "tone"}
    versions = {one.field.name: one.deployed_version for one in here.view.state.fields}

    here.label_studio.label_config = config("mood")
    here.ring()
    assert names(here) == ["mood"]
    assert shown(here) == {"mood"}
    assert here.view.state.version(versions["tone"]).version == versions["tone"]

    here.label_studio.label_config = config("mood", "tone")
    here.ring()
    assert names(here) == ["mood", "tone"]
    tone = here.view.state.focused("tone")
    assert versions["tone"] in {one.version for one in tone.looped.versions}
    assert shown(here) == {"mood", "tone"}


def test_a_field_that_is_added_is_looped_from_the_next_labels_on(here: Site) -> None:
    """Until somebody answers it there is no model of it, and nothing of it is shown."""
    label(here, 12, "mood", "tone")
    here.label_studio.label_config = config("mood", "tone", "urgent")
    here.ring()
    assert names(here) == ["mood", "tone", "urgent"]
    assert shown(here) == {"mood", "tone"}
    label(here, 12, "mood", "tone", "urgent")
    urgent = here.view.state.focused("urgent")
    assert urgent.deployed is not None
    assert urgent.deployed.labels == 12
    assert shown(here) == {"mood", "tone", "urgent"}


def test_a_field_that_is_renamed_begins_anew(here: Site) -> None:
    """Label Studio keeps what was said under the old name; the other field loses nothing."""
    label(here, 12, "mood", "tone")
    before = here.view.state.focused("mood").looped.deployed_version
    here.label_studio.label_config = config("mood", "语气")
    here.ring()
    assert names(here) == ["mood", "语气"]
    assert here.view.state.focused("语气").looped.deployed is None
    assert before in {one.version for one in here.view.state.focused("mood").looped.versions}
    assert shown(here) == {"mood"}
    label(here, 12, "mood", "语气")
    assert here.view.state.focused("语气").deployed is not None


def test_twelve_fields_are_looped_at_once_and_one_without_a_label_costs_the_others_nothing(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, clean_redis_url: str
) -> None:
    """Eleven have a model after one round; of the twelfth nobody says anything."""
    every = [f"question {n}" for n in range(1, 13)]
    studio = FakeLabelStudio(120)
    studio.label_config = config(*every)
    with site(monkeypatch, tmp_path, clean_redis_url, studio) as made:
        made.connect(LINEAR)
        made.ring()
        label(made, 12, *every[:11])
        assert [one.deployed is not None for one in made.view.state.fields] == [True] * 11 + [False]
        assert shown(made) == set(every[:11])
        assert made.view.state.rounds[-1].train == 12


def test_a_project_of_before_goes_on_with_its_field_until_others_are_wished_for(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, clean_redis_url: str
) -> None:
    """Its rules name no field, as rules did not have to."""
    studio = FakeLabelStudio(120)
    studio.label_config = config("mood", "tone")
    with site(monkeypatch, tmp_path, clean_redis_url, studio) as made:
        made.connect(LINEAR.model_copy(update={"fields": ()}))
        made.ring()
        label(made, 12, "mood", "tone")
        assert names(made) == ["mood"]
        version = made.view.state.looped.deployed_version
        made.connect(LINEAR)
        made.ring()
        assert names(made) == ["mood", "tone"]
        mood, tone = made.view.state.by_field
        assert version in {one.version for one in mood.looped.versions}
        assert tone.deployed is not None, "what people had said of it is learned from at once"
        assert tone.deployed.labels == 12
