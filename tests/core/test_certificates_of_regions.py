"""Certificates of fields about regions and of relations: a value of a task that is released with its regions."""

from dataclasses import replace
from pathlib import Path

import pytest

from labelloop.domain.asked import regions_asked
from labelloop.domain.records import Certificate
from labelloop.domain.release_labels import NOT_ASKED
from labelloop.domain.release_row import Source
from labelloop.domain.tasks import Role
from labelloop.domain.values import ByRegion, Choice, FieldKind, OfRegions, Spans
from labelloop.errors import UserError
from labelloop.steps.certify_fields import certify_fields
from tests.core.certified_form import attempt, certified, certify_all
from tests.core.conditional_form import released
from tests.core.form import Form, turn
from tests.core.region_form import RegionForm, answers, mood, person, spans
from tests.core.relation_form import RelationForm

pytestmark = pytest.mark.slow


def after_a_round(form: Form, labels: int) -> Form:
    """Return a form after its first round, its audit tasks judged by two people."""
    form.say(form.untouched(labels))
    for who in (1, 2):
        form.say(form.of(Role.MONITOR), who)
    turn(form)
    return form


@pytest.fixture
def regions(tmp_path: Path) -> Form:
    """Yield a form of people named in texts, and of each how they feel and how sure that is."""
    return after_a_round(RegionForm(tmp_path), 36)


@pytest.fixture
def relations(tmp_path: Path) -> Form:
    """Yield a form of people and firms named in texts, and of how they are related."""
    return after_a_round(RelationForm(tmp_path), 70)


def certificates(form: Form) -> dict[str, Certificate]:
    """Return the certificates of the newest attempt, by field."""
    found = {one.field.name: one.attempt for one in form.view.state.attempted}
    return {name: one.certificate for name, one in found.items() if one and one.certificate}


def test_each_field_about_regions_gets_a_certificate_and_is_released_by_its_model(regions: Form) -> None:
    """What it says is about regions that the model of the spans finds in the same task, and about no others."""
    certified(regions, n=40, max_error=0.3)
    assert {name: one.granted for name, one in certificates(regions).items()} == {
        "who": True,
        "心情": True,
        "sure": True,
    }
    fields = {one.field.name: one.field for one in regions.view.state.fields}
    by_model = [task for task in released(regions).tasks if not task.annotators]
    assert by_model
    for task in by_model:
        said = {name: row.value for name, row in task.labels.items()}
        for name in ("心情", "sure"):
            value = said.get(name)
            assert (value.regions if isinstance(value, OfRegions) else frozenset()) == regions_asked(
                fields[name], fields, said
            )
            assert isinstance(value, ByRegion) or task.missing[name] == NOT_ASKED
    assert sum(len(task.labels) == 3 for task in by_model) > len(by_model) / 2


def test_a_region_that_the_model_misses_is_an_error_of_what_is_said_of_it(regions: Form) -> None:
    """Also where it is right of every region that it finds: people were asked about one more."""
    attempt(regions, n=30, max_error=0.3)
    for task in regions.of(Role.CERTIFY):
        place = next(span for span in spans(task).spans if span.label == "Place")
        also = replace(place, label="Person")
        both = ByRegion.of(FieldKind.CHOICE, {**mood(task).by_span, also: Choice("good")})
        regions.say_all(task, 1, answers(task) | {"who": Spans(frozenset({person(task), also})), "心情": both})
    certify_all(regions)
    assert certificates(regions)["心情"].errors == 30


def test_people_who_leave_out_what_they_are_asked_about_regions_count_against_the_model(regions: Form) -> None:
    """The spans are certified as they would be without."""
    attempt(regions, n=30, max_error=0.3)
    regions.say(regions.of(Role.CERTIFY), leave_out=("心情",))
    certify_all(regions)
    found = certificates(regions)
    assert found["心情"].errors == 30
    assert found["who"].errors < 15


def test_without_the_spans_nothing_that_is_said_of_them_is_certified(regions: Form) -> None:
    """Whoever leaves them out leaves out all."""
    assert [one.field.name for one in certify_fields(regions.view.state, ("心情",))] == ["who", "sure"]
    with pytest.raises(UserError, match="nothing would be certified"):
        certify_fields(regions.view.state, ("who",))


def test_relations_get_a_certificate_and_are_released_between_the_models_regions(relations: Form) -> None:
    """Regions that nobody relates are an answer too."""
    certified(relations, n=30, max_error=0.45)
    found = certificates(relations)
    assert list(found) == ["who", "relations"]
    assert found["relations"].granted
    facts = released(relations)
    ours = [task for task in facts.tasks if not task.annotators]
    assert ours
    for task in ours:
        marked, related = (task.labels[name].value for name in ("who", "relations"))
        assert isinstance(marked, Spans)
        assert isinstance(related, OfRegions)
        assert related.regions == marked.spans
    assert {row.source for row in facts.fields[1].rows} == {Source.MODEL, Source.PEOPLE}
