"""Every text template that ships with Label Studio is read, and what is looped of it goes there and back."""

from typing import assert_never

import pytest

from labelloop.domain.asked import marking
from labelloop.domain.relations import Relation, Relations
from labelloop.domain.schema import Field
from labelloop.domain.tasks import INPUT_BREAK, options_of
from labelloop.domain.values import Choice, Choices, FieldKind, Ranking, Rating, Span, Spans, Text, Value
from sync.codecs.form_codec import merged_prediction, read_field
from sync.codecs.region_codec import task_data, task_text, validate
from tests.sync.annotation_templates import PAGE, Template, text_templates, written

pytestmark = pytest.mark.services  # none is started, but Label Studio must be installed

TEMPLATES = text_templates()
SAID = "Ada 👩‍🚀 trinkt Tee."


def test_thirty_three_templates_are_about_texts() -> None:
    """Five of them use Chat, which the open edition does not have."""
    assert len(TEMPLATES) == 33
    assert sum("chat" in template.tags for template in TEMPLATES) == 5


def test_all_but_one_that_the_open_edition_has_are_looped_whole() -> None:
    """Of that one a control has no toName, so that Label Studio stores no answer to it."""
    open_ones = [template for template in TEMPLATES if "chat" not in template.tags]
    assert [one.title for one in open_ones if one.schema.not_learnable] == ["Chatbot Model Assessment"]


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda template: template.name)
def test_a_value_of_every_looped_field_goes_there_and_back(template: Template) -> None:
    """Label Studio's own check accepts the prediction, and it is read as the value it was made of."""
    fields = {field.name: field for field in template.schema.fields}
    for field in fields.values():
        data = task_data(field, INPUT_BREAK.join(SAID for _ in field.inputs))
        text = task_text(field, data)
        said = [(fields[name], made_up(fields[name], text)) for name in marking(field, fields)]
        value = related(field, said[0][1]) if field.is_about_pairs else made_up(field, text)
        said.append((field, value))
        assert field.allows(value)
        prediction = merged_prediction(said, score=0.5, model_version="v1", data=data)
        assert validate(template.label_config, prediction) is None
        regions = prediction["result"]
        assert isinstance(regions, list)
        assert read_field(field, fields, regions, data) == value


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda template: template.name)
def test_every_control_is_looped_or_says_why_not(template: Template) -> None:
    """No control of a template is passed over in silence."""
    schema = template.schema
    named = [field.name for field in schema.fields] + [why.partition(": ")[0] for why in schema.not_learnable]
    assert len(named) == len(set(named)) > 0
    assert all(why.partition(": ")[2] for why in schema.not_learnable)


def test_the_table_in_the_docs_is_current() -> None:
    """`python -m tests.sync.annotation_templates` writes it."""
    page = PAGE.read_text("utf-8")
    assert page == written(page)


def related(field: Field, marked: Value) -> Relations:
    """Return that the first of the marked parts is something to the second."""
    assert isinstance(marked, Spans)
    one, other = sorted(marked.spans)
    return Relations(marked.spans, frozenset({Relation(one, other, field.labels[-1])}))


def made_up(field: Field, text: str) -> Value:
    """Return some value that the field allows of a task with this text."""
    match field.kind:
        case FieldKind.CHOICE | FieldKind.PAIRWISE:
            return Choice(field.labels[-1])
        case FieldKind.CHOICES | FieldKind.TAXONOMY:
            return Choices(frozenset(field.labels[:2]))
        case FieldKind.RATING:
            return Rating(2, len(field.labels))
        case FieldKind.SPANS:
            start = text.index("trinkt")
            return Spans(
                frozenset(Span(start, start + len(part), field.labels[0]) for part in ("trinkt Tee", "trinkt"))
            )
        case FieldKind.TEXT:
            return Text("好的\nyes")
        case FieldKind.OPTION:
            return Choice(next(iter(options_of(text))))
        case FieldKind.OPTIONS:
            return Choices(frozenset(options_of(text)))
        case FieldKind.RANKING:
            *others, last = field.labels
            return Ranking((*((name, ()) for name in others), (last, tuple(options_of(text)))))
        case FieldKind.NUMBER | FieldKind.DATETIME:
            return field.line.nearest(7.0)
        case _:
            assert_never(field.kind)
