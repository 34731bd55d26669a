"""A labelling configuration becomes fields, and reasons for what cannot be one."""

import pytest

from labelloop.domain.schema import Field
from labelloop.domain.values import FieldKind
from labelloop.errors import UserError
from sync.label_config import parse

TEXT = '<Text name="text" value="$text"/>'


def config(control: str, shown: str = TEXT) -> str:
    return f"<View>{shown}{control}</View>"


def choices(attributes: str = "", inside: str = '<Choice value="a"/><Choice value="b"/>', to: str = "text") -> str:
    return f'<Choices name="c" toName="{to}" {attributes}>{inside}</Choices>'


@pytest.mark.parametrize(
    ("attributes", "kind"),
    [
        ("", FieldKind.CHOICE),
        ('choice="single"', FieldKind.CHOICE),
        ('choice="single-radio"', FieldKind.CHOICE),
        ('choice="multiple"', FieldKind.CHOICES),
        ('choice="multiple" perRegion="false" required="true"', FieldKind.CHOICES),
    ],
)
def test_choices_on_a_text_are_a_field(attributes: str, kind: FieldKind) -> None:
    """The attribute `choice` decides between one label and several."""
    schema = parse(config(choices(attributes)))
    assert schema.fields == (Field("c", kind, ("a", "b"), "text", ("text",)),)
    assert schema.not_learnable == ()


def test_labels_are_what_label_studio_stores() -> None:
    """An alias goes before the value; order, spaces, escaped characters and any script are kept; doubles count once."""
    inside = (
        '<View><Choice value=" two  words "/></View><Choice value="Negative" alias="neg"/>'
        '<Choice value="a &amp; &lt;b&gt;"/><Choice value="还行"/><Choice value="سلبي"/>'
        '<Choice value="😀"/><Choice value="neg"/><!-- <Choice value="x"/> -->'
    )
    (field,) = parse(config(choices(inside=inside))).fields
    assert field.labels == (" two  words ", "neg", "a & <b>", "还行", "سلبي", "😀")


def test_the_input_is_the_key_of_the_text() -> None:
    """Whatever the object is called, its `$key` says where the text stands."""
    (field,) = parse(config(choices(to="对象"), '<Text name="对象" value="$正文-1"/>')).fields
    assert (field.to_name, field.inputs) == ("对象", ("正文-1",))


@pytest.mark.parametrize(
    ("xml", "reason"),
    [
        (config('<Labels name="c" toName="text"><Label value="a"/></Labels>'), "Labels is not supported yet"),
        (config('<TextArea name="c" toName="text"/>'), "TextArea is not supported yet"),
        (config(choices('perRegion="true"')), "a part of the task"),
        (config(choices('value="$options"', "")), "differ from task to task"),
        (config(choices('choice="ranked"')), 'choice="ranked"'),
        (config(choices(inside='<Choice value="a"/>')), "too few choices"),
        (config(choices(inside="")), "too few choices"),
        (config(choices(inside='<Choice value="a"><Choice value="b"/></Choice><Choice value="d"/>')), "nested"),
        (config(choices(), '<HyperText name="text" value="$text"/>'), "it labels HyperText"),
        (config(choices(), '<Image name="text" value="$text"/>'), "it labels Image"),
        (config(choices(), '<Text name="text" value="$text" valueType="url"/>'), 'valueType="url"'),
        (config(choices(), '<Text name="text" value="fixed"/>'), 'value="fixed"'),
        (config(choices(), '<Text name="text" value="$a.b"/>'), 'value="$a.b"'),
        (config(choices(to="text,more"), TEXT + '<Text name="more" value="$more"/>'), "several objects"),
        (config(choices(to="gone")), 'toName="gone"'),
    ],
)
def test_what_cannot_be_learned_says_why(xml: str, reason: str) -> None:
    """Each control left out is named with its reason in plain words."""
    schema = parse(xml)
    assert schema.fields == ()
    (said,) = schema.not_learnable
    assert said.startswith("c: ")
    assert reason in said


def test_fields_stand_beside_what_is_not_learnable() -> None:
    """One control that cannot be learned does not keep the others from it."""
    more = '<Labels name="ner" toName="text"><Label value="PER"/></Labels><Choices name="d" toName="text">'
    schema = parse(config(choices() + more + '<Choice value="x"/><Choice value="y"/></Choices>'))
    assert [field.name for field in schema.fields] == ["c", "d"]
    assert schema.not_learnable == ("ner: Labels is not supported yet",)


def test_an_empty_configuration_has_no_fields() -> None:
    """A new project's configuration is no error, there is just nothing in it."""
    assert parse("<View></View>").fields == ()


@pytest.mark.parametrize(
    "xml", ["", "no xml", "<View>", "<View><Text name=></View>", '<?xml version="1.0" encoding="utf-8"?><View/>']
)
def test_broken_xml_is_the_users_to_mend(xml: str) -> None:
    """What cannot be read is said to be the configuration's fault."""
    with pytest.raises(UserError, match="labelling configuration cannot be read"):
        parse(xml)
