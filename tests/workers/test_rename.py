"""A label that gets another name while people label: it is noticed, and by one command its labels count again."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from labelloop.domain.lookup import newest
from labelloop.domain.records import SchemaVersion
from labelloop.domain.schema import Field
from labelloop.domain.tasks import Role
from labelloop.domain.values import Choice
from labelloop.errors import UserError
from labelloop.finding import Level
from labelloop.state.rename_offers import RenameOffer, rename_offers
from labelloop.state.round_content import judged_now
from tests.workers.conftest import PROJECT, Site, site
from tests.workers.fake_label_studio import CONFIG, FakeLabelStudio
from workers.admin.health_checks import renamed_labels
from workers.admin.rename import parse_renames, rename
from workers.jobs.app_context import open_context


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, clean_redis_url: str) -> Iterator[Site]:
    """A connected project with one round, in whose configuration `good` is called `很好` from now on."""
    with site(monkeypatch, tmp_path, clean_redis_url, FakeLabelStudio(80)) as made:
        made.ring()
        roles = made.view.ledger.roles(PROJECT)
        made.label_studio.annotate([task for task, role in roles.items() if role is Role.TRAIN][:24], person=1)
        made.ring()
        assert len(judged_now(*made.view.now()).training) == 24
        made.label_studio.label_config = CONFIG.replace('"good"', '"很好"')
        made.ring()
        yield made


def say(here: Site, label: str) -> int:
    """Let the first annotation there is say this label; return its task."""
    studio = here.label_studio
    task = next(id_ for id_, stored in studio.stored.items() if stored.annotations)
    studio.now += timedelta(minutes=10)
    region = {"from_name": "mood", "to_name": "text", "type": "choices", "value": {"choices": [label]}}
    changed = [a.model_copy(update={"result": [region]}) for a in studio.stored[task].annotations]
    studio.stored[task] = studio.stored[task].model_copy(update={"annotations": changed, "updated_at": studio.now})
    return task


def test_renamed_labels_count_again_and_the_learners_are_fitted_to_them(here: Site) -> None:
    """The loss is told, with the command that ends it; then nothing is lost, and the new model says the new name."""
    lost = 24 - len(judged_now(*here.view.now()).training)
    assert rename_offers(*here.view.now()) == (RenameOffer("good", "很好", lost),)
    (finding,) = renamed_labels(here.book, PROJECT)
    assert finding.level is Level.WARN
    assert f"{lost} annotations with the label good count for nothing" in finding.what
    assert f"labelloop rename {PROJECT} --label 'good=很好'" in finding.advice
    before = here.view.state

    with open_context() as context:
        done = rename(context, PROJECT, parse_renames(["good=很好"]))
    assert (done.annotations, done.serves) == ({"good": lost}, before.looped.deployed_version)
    assert rename_offers(*here.view.now()) == ()
    here.work()

    after = here.view.state
    assert after.round_number == before.round_number + 1
    assert after.rounds[-1].train == 24
    assert "很好" in {str(task.consensus.value) for task in judged_now(*here.view.now()).training}
    assert after.looped.deployed is not None
    assert after.looped.deployed.round_number == after.round_number
    shown = here.label_studio.predictions
    assert any("很好" in str(rows.get(str(after.published_name))) for rows in shown.values())
    here.ring()  # the configuration is read again: the rename stays, and no round closes
    assert here.view.state.schema == after.schema
    assert here.view.state.round_number == after.round_number


def test_wrong_names_are_refused_and_a_rename_ends_with_the_old_label(here: Site) -> None:
    """A wrong name is told the nearest one; a label that the configuration has again is one of its own."""
    schemas = len(here.view.state.schemas)
    with open_context() as context:
        for words, says in (
            ("goood=很好", r"Nobody gave mood a label goood \(did you mean good\?\)"),
            ("good=很", "很 is no label of mood"),
            ("bad=很好", "bad is still a label"),
        ):
            with pytest.raises(UserError, match=says):
                rename(context, PROJECT, parse_renames([words]))
        assert len(here.view.state.schemas) == schemas
        task = say(here, "ancient")  # from before the project was connected: only an old annotation has it
        assert rename(context, PROJECT, (("ancient", "odd"), ("good", "很好"))).annotations["ancient"] == 1
    assert next(a.value for a in here.view.mirror.annotations([task])) == Choice("odd")
    here.label_studio.label_config = CONFIG.replace('<Choice value="bad"', '<Choice value="很好"/><Choice value="bad"')
    here.ring()
    field = Field.from_json(here.view.state.schema.field)
    assert (field.renames, "good" in field.labels) == ((("ancient", "odd"),), True)
    record = newest(here.view.state.schemas, number=here.view.state.schema.number)
    assert record == here.view.ledger.newest(SchemaVersion, PROJECT)
