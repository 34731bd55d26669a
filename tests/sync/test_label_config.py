"""A labelling configuration becomes fields, and reasons for what cannot be one."""

import pytest

from labelloop.domain.conditions import Condition, Requirement
from labelloop.domain.relations import UNLABELLED
from labelloop.domain.schema import Field
from labelloop.domain.values import FieldKind
from labelloop.errors import UserError
from sync.config.label_config import may_be_left_empty, parse

TEXT = '<Text name="text" value="$text"/>'


def config(control: str, shown: str = TEXT) -> str:
    return f"<View>{shown}{control}</View>"


def choices(attributes: str = "", inside: str = '<Choice value="a"/><Choice value="b"/>', to: str = "text") -> str:
    return f'<Choices name="c" toName="{to}" {attributes}>{inside}</Choices>'


def labels(tag: str, attributes: str = "") -> str:
    return f'<{tag} name="c" toName="text" {attributes}><Label value="a"/><Label value="B" alias="b"/></{tag}>'


TALK = '<Paragraphs name="text" value="$text"/>'
AT = ("text", ("text",))
PAGE = '<HyperText name="text" value="$text"/>'


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
    ("xml", "field"),
    [
        (config('<Rating name="c" toName="text" maxRating="3"/>'), Field("c", FieldKind.RATING, ("1", "2", "3"), *AT)),
        (config('<Rating name="c" toName="text"/>'), Field("c", FieldKind.RATING, tuple("12345"), *AT)),
        (config('<TextArea name="c" toName="text" value="$draft"/>'), Field("c", FieldKind.TEXT, (), *AT)),
        (config(labels("Labels")), Field("c", FieldKind.SPANS, ("a", "b"), *AT)),
        (config(labels("Labels"), PAGE), Field("c", FieldKind.SPANS, ("a", "b"), *AT, "hypertext?labels=labels")),
        (config(labels("HyperTextLabels"), PAGE), Field("c", FieldKind.SPANS, ("a", "b"), *AT, "hypertext")),
        (config(labels("ParagraphLabels"), TALK), Field("c", FieldKind.SPANS, ("a", "b"), *AT, "paragraphs")),
        (config(choices(), TALK), Field("c", FieldKind.CHOICE, ("a", "b"), *AT, "paragraphs")),
        (
            config(choices(), TALK.replace("/>", ' textKey="said &amp; done" namekey="谁" saveTextResult="no"/>')),
            Field("c", FieldKind.CHOICE, ("a", "b"), *AT, "paragraphs?text=said+%26+done&name=%E8%B0%81&saves=no"),
        ),
        (
            config(choices(), PAGE.replace("/>", ' inline="true"/>')),
            Field("c", FieldKind.CHOICE, ("a", "b"), *AT, "hypertext?inline=yes"),
        ),
    ],
)
def test_every_kind_of_control_is_a_field(xml: str, field: Field) -> None:
    """The control decides on the kind, the object tag on how the task's data is read."""
    assert parse(xml).fields == (field,)
    assert parse(xml).not_learnable == ()


def test_a_taxonomy_offers_every_node_by_its_path() -> None:
    """Steps are aliases or else values, as Label Studio stores them; `leafsOnly` leaves only leaves."""
    tree = (
        '<Choice value="A"><Choice value="B" alias="bee"><Choice value="D"/></Choice><Choice value="E"/></Choice>'
        '<Choice value="动物"/><Choice value="动物"/>'
    )
    for leaves, paths in (
        ("false", ("A", "A > bee", "A > bee > D", "A > E", "动物")),
        ("true", ("A > bee > D", "A > E", "动物")),
    ):
        (field,) = parse(config(f'<Taxonomy name="c" toName="text" leafsOnly="{leaves}">{tree}</Taxonomy>')).fields
        assert field.kind is FieldKind.TAXONOMY
        assert field.labels == paths


def test_a_pair_reads_left_and_right_in_the_order_of_the_control() -> None:
    """Whatever order the objects stand in; regions name the left one."""
    shown = '<Text name="two" value="$second"/><Text name="one" value="$first"/>'
    (field,) = parse(config('<Pairwise name="c" toName="one,two"/>', shown)).fields
    assert field == Field("c", FieldKind.PAIRWISE, ("left", "right"), "one", ("first", "second"))


def test_a_field_also_reads_what_no_control_labels() -> None:
    """A premise beside the hypothesis is read, in the order people see them; what another control labels is not."""
    shown = (
        '<Text name="premise" value="$premise"/><Paragraphs name="talk" value="$talk"/>'
        '<Text name="text" value="$text"/><Text name="other" value="$other"/>'
        '<Image name="picture" value="$picture"/><Header value="Read!"/>'
    )
    more = '<TextArea name="d" toName="other"/>' + labels("Labels").replace('"c"', '"e"')
    first, second, third = parse(config(choices() + more, shown)).fields
    assert first.inputs == ("premise", "talk", "text")
    assert first.reads == "text paragraphs text"
    assert first.to_name == "text"
    assert second.inputs == ("premise", "talk", "other")
    assert (third.inputs, third.reads) == (("text",), "text")


@pytest.mark.parametrize(
    ("xml", "reason"),
    [
        (config('<Ranker name="c" toName="text"/>'), "the items of a List"),
        (config('<TextArea name="c" toName="text" perRegion="true"/>'), "it is about regions"),
        (config('<Rating name="c" toName="text" maxRating="1"/>'), "too few choices"),
        (config('<Rating name="c" toName="text" maxRating="many"/>'), "too few choices"),
        (config('<Rating name="c" toName="text" maxRating="101"/>'), "101 stars"),
        (config('<Pairwise name="c" toName="text"/>'), "exactly two objects"),
        (config('<Pairwise name="c" toName="text,gone"/>'), 'toName="gone"'),
        (config('<Taxonomy name="c" toName="text"/>'), "too few choices"),
        (config('<Taxonomy name="c" toName="text" apiUrl="http://x"/>'), "differ from task to task"),
        (config('<Taxonomy name="c" toName="text"><Choice value="a &gt; b"/></Taxonomy>'), "parts the steps"),
        (config('<Labels name="c" toName="text"/>'), "too few choices"),
        (config('<Labels name="c" toName="text" value="$labels"/>'), "differ from task to task"),
        (config(labels("Labels"), TALK), "Labels cannot mark parts of Paragraphs"),
        (config(labels("ParagraphLabels")), "ParagraphLabels cannot mark parts of Text"),
        (config(labels("ParagraphLabels"), TALK.replace("/>", ' contextScroll="true"/>')), "another order"),
        (config(choices(), TALK.replace("/>", ' valueType="url"/>')), 'valueType="url"'),
        (config(choices(), '<Text name="text" value="$text" encoding="base64"/>'), "encoded"),
        (config(labels("VideoRectangle"), '<Video name="text" value="$text"/>'), "VideoRectangle is not supported"),
        (config(choices('perRegion="true"')), "it is about regions"),
        (config(choices() + choices()), "several tags have this name"),
        (config(choices('value="$options"')), "differ from task to task"),
        (config(choices('choice="ranked"')), 'choice="ranked"'),
        (config(choices(inside='<Choice value="a"/>')), "too few choices"),
        (config(choices(inside="")), "too few choices"),
        (config(choices('allowNested="true"')), "allowNested"),
        (config(choices(), '<HyperText name="text" value="$text" valueType="url"/>'), 'valueType="url"'),
        (config(choices(), '<Image name="text" value="$text"/>'), "let a backend of your own that reads Image"),
        (config(choices(), '<Dialog name="text" value="$text"/>'), "show them with Paragraphs"),
        (config(choices(), '<Markdown name="text" value="$text"/>'), "stores no answer about a Markdown"),
        (config(choices(), '<Table name="text" value="$text" valueType="csv"/>'), 'valueType="csv"'),
        ('<View><Chat name="c" value="$c"/></View>', "only Label Studio's paid editions show a Chat"),
        (config(choices(), '<Text name="text" value="$text" valueType="url"/>'), 'valueType="url"'),
        (config(choices(), '<Text name="text" value="fixed"/>'), 'value="fixed"'),
        (config(choices(), '<Text name="text" value="Dear $a, dear $b"/>'), 'value="Dear $a, dear $b"'),
        (config(choices(to="text,more"), TEXT + '<Text name="more" value="$more"/>'), "several objects"),
        (config(choices(to="gone")), 'toName="gone"'),
        (config('<Rating name="c" maxRating="7"/>'), "it has no toName"),
    ],
)
def test_what_cannot_be_learned_says_why(xml: str, reason: str) -> None:
    """Each control left out is named with its reason in plain words."""
    schema = parse(xml)
    assert schema.fields == ()
    (said,) = schema.not_learnable
    assert said.startswith("c: ")
    assert reason in said


def test_of_choices_inside_choices_only_the_outer_ones_can_be_ticked() -> None:
    """Without `allowNested` Label Studio does not show the inner ones."""
    inside = '<Choice value="a"><Choice value="b"/></Choice><View><Choice value="D" alias="d"/></View>'
    assert parse(config(choices(inside=inside))).fields[0].labels == ("a", "d")


@pytest.mark.parametrize(
    ("shown", "inputs", "reads"),
    [
        ('<Table name="text" value="$row"/>', ("row",), "table"),
        ('<List name="text" value="$items"/>', ("items",), "list"),
        ('<Chat name="text" value="$chat"/>', ("chat",), "chat"),
        ('<Text name="text" value="$order.items[0].name"/>', ("order.items[0].name",), "text"),
        ('<Markdown name="how" value="$how"/><Text name="text" value="$text"/>', ("how", "text"), "markdown text"),
    ],
)
def test_tables_lists_chats_and_paths_are_read(shown: str, inputs: tuple[str, ...], reads: str) -> None:
    """An input is the path below the task's data; the tag says how what lies there is shown."""
    field = parse(config(choices(), shown)).field("c")
    assert field is not None
    assert (field.inputs, field.reads) == (inputs, reads)


RELATED = '<Relations><Relation value="knows"/><Relation value="认识"/></Relations>'


def test_relations_are_a_field_about_pairs_of_what_others_mark() -> None:
    """It reads what they read; without labels of its own two regions are related or not."""
    schema = parse(config(labels("Labels") + RELATED))
    marks, related = schema.fields
    assert (related.name, related.kind_in_words, related.labels) == ("relations", "relations", ("knows", "认识"))
    assert (related.to_name, related.read_inputs) == (marks.to_name, marks.read_inputs)
    assert related.condition == Condition((Requirement(("c",)),))
    assert parse(config(labels("Labels") + "<Relations/>")).fields[1].labels == (UNLABELLED,)
    assert len(parse(config(labels("Labels"))).fields) == 1


@pytest.mark.parametrize(
    ("tags", "why"),
    [
        (choices() + RELATED, "they are between regions, but no control that can be looped marks any"),
        (labels("Labels") + RELATED + choices().replace('"c"', '"relations"'), "another control is called relations"),
        (
            labels("Labels") + RELATED + '<Text name="t2" value="$b"/>' + labels("Labels").replace('"c"', '"d"'),
            "they may lead from one object to another",
        ),
    ],
)
def test_relations_that_cannot_be_looped_say_why(tags: str, why: str) -> None:
    """The other fields are looped all the same."""
    schema = parse(config(tags.replace('"d" toName="text"', '"d" toName="t2"')))
    assert "relations" not in [field.name for field in schema.fields if field.is_about_pairs]
    (reason,) = [reason for reason in schema.not_learnable if reason.startswith("Relations: ")]
    assert why in reason


def test_fields_stand_beside_what_is_not_learnable() -> None:
    """One control that cannot be learned does not keep the others from it."""
    more = '<Ranker name="rank" toName="text"/><Choices name="d" toName="text">'
    schema = parse(config(choices() + more + '<Choice value="x"/><Choice value="y"/></Choices>'))
    assert [field.name for field in schema.fields] == ["c", "d"]
    assert schema.not_learnable == ("rank: a Ranker puts the items of a List in order (toName)",)


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


@pytest.mark.parametrize(
    ("control", "empty"),
    [
        (choices(), True),
        (choices('required="true"'), False),
        (choices('required="True" choice="single"'), False),
        (choices('choice="multiple"'), False),
        ('<Rating name="c" toName="text"/>', True),
        (labels("Labels"), False),
    ],
)
def test_a_field_that_wants_an_answer_may_be_left_empty_unless_it_is_required(control: str, empty: bool) -> None:
    """Where an empty answer means "none" nothing need be required."""
    xml = config(control)
    assert may_be_left_empty(xml, parse(xml).fields[0]) is empty
