"""When a control is asked: the condition of each field, read as Label Studio 1.23 heeds it."""

import pytest

from labelloop.domain.conditions import Condition, Requirement
from labelloop.domain.schema import Field, Unit
from sync.config.label_config import fields_with_conditions, parse
from sync.config.visible_when import hidden_controls

MOOD = (
    '<Choices name="mood" toName="t"><Choice value="bad" alias="complaint"/><Choice value="praise"/></Choices>'
    '<Taxonomy name="topic" toName="t"><Choice value="Animal"><Choice value="Cat"/></Choice><Choice value="Cat"/>'
    "</Taxonomy>"
    '<Labels name="where" toName="t"><Label value="City"/></Labels>'
)
AFTER = 'visibleWhen="choice-selected" whenTagName="mood" whenChoiceValue="complaint"'
HEEDING = (
    '<Choices name="x" toName="t" choice="multiple" {}><Choice value="a"/><Choice value="b"/></Choices>',
    '<Choices name="x" toName="t" {}><Choice value="a"/><Choice value="b"/></Choices>',
    '<Taxonomy name="x" toName="t" {}><Choice value="a"/><Choice value="b"/></Taxonomy>',
    '<TextArea name="x" toName="t" {}/>',
)
DEAF = ('<Labels name="x" toName="t" {}><Label value="a"/></Labels>', '<Rating name="x" toName="t" {}/>')
AROUND = ("<View {0}>{1}</View>", "<View {0}><View><View>{1}</View></View></View>")


def config(inside: str) -> str:
    return f'<View><Text name="t" value="$text"/>{MOOD}{inside}</View>'


def field_x(inside: str) -> Field:
    found, _ = fields_with_conditions(config(inside))
    return next(field for field in found if field.name == "x")


def after(*labels: str, parent: str = "mood", negated: bool = False) -> Condition:
    return Condition((Requirement((parent,), labels, negated),))


@pytest.mark.parametrize("control", [*HEEDING, *DEAF])
@pytest.mark.parametrize("around", AROUND)
def test_a_view_makes_all_controls_in_it_conditional(control: str, around: str) -> None:
    """However deep they stand in it, and of whatever kind they are."""
    inside = around.format(AFTER, control.format(""))
    assert field_x(inside).condition == after("complaint")
    schema = parse(config(inside))
    assert [field.name for field in schema.fields] == ["mood", "topic", "where", "x"]
    assert schema.not_learnable == ()
    assert hidden_controls(config(inside))["x"].startswith("it is shown only after another answer (mood complaint)")


@pytest.mark.parametrize("control", HEEDING)
def test_choices_taxonomies_and_texts_have_a_condition_of_their_own(control: str) -> None:
    """These are the controls whose own `visibleWhen` Label Studio heeds."""
    assert field_x(control.format(AFTER)).condition == after("complaint")


@pytest.mark.parametrize("control", DEAF)
def test_label_studio_shows_other_controls_whatever_their_own_condition(control: str) -> None:
    """Seen in the browser: stars and labels stay on the screen, so that everybody is asked."""
    assert parse(config(control.format(AFTER))).field("x") == field_x(control.format(""))


@pytest.mark.parametrize(
    ("attributes", "condition"),
    [
        ('visibleWhen="choice-selected" whenTagName="mood"', after()),
        ('visibleWhen="choice-selected" whenTagName="mood" whenChoiceValue="bad"', after("complaint")),
        ('visibleWhen="choice-selected" whenTagName="mood" whenChoiceValue="praise,bad,gone"',
         after("complaint", "praise")),
        ('visiblewhen="choice-unselected" whentagname="mood" whenchoicevalue="bad"', after("complaint", negated=True)),
        ('visibleWhen="choice-selected" whenTagName="topic" whenChoiceValue="Cat"',
         after("Animal > Cat", "Cat", parent="topic")),
        ('visibleWhen="choice-selected"', after()),
        ('whenChoiceValue="complaint"', after("complaint")),
        ('visibleWhen="choice-unselected" whenTagName="mood" whenChoiceValue="gone"', None),
        ('visibleWhen="no-region-selected"', None),
    ],
)  # fmt: skip
def test_each_condition_is_read(attributes: str, condition: Condition | None) -> None:
    """By alias and by value, several with commas, of a taxonomy the last step; Label Studio heeds small letters too."""
    assert field_x(HEEDING[0].format(attributes)).condition == condition
    assert field_x(f"<View {attributes}>{HEEDING[0].format('')}</View>").condition == condition


def test_all_conditions_around_a_control_must_hold() -> None:
    """A View in a View, and the control's own; the same one twice is one."""
    inner = HEEDING[0].format('visibleWhen="choice-unselected" whenTagName="topic"')
    found = field_x(f"<View {AFTER}><View {AFTER}>{inner}</View></View>").condition
    assert found == Condition((*after("complaint").requirements, Requirement(("topic",), negated=True)))


@pytest.mark.parametrize(
    ("attributes", "words"),
    [
        ('visibleWhen="region-selected" whenLabelValue="City"', "only while a region is selected (City)"),
        ('visibleWhen="region-selected" whenTagName="where"', "which no annotation tells"),
        ('whenChoiceValue="bad"', "no such choice"),
        ('visibleWhen="choice-selected" whenTagName="mood" whenChoiceValue="gone"', "no such choice"),
        ('visibleWhen="choice-selected" whenTagName="moood" whenChoiceValue="bad"', "names no Choices or Taxonomy"),
        ('visibleWhen="choice-selected" whenTagName="where" whenChoiceValue="City"', "names no Choices or Taxonomy"),
        ('visibleWhen="choice-selected" whenChoiceValue="bad"', "no whenTagName"),
        ('visibleWhen="choice-selected" whenTagName="x" whenChoiceValue="a"', "asked only after x"),
        ('style="color: red; display:none"', "its style hides it"),
    ],
)
def test_what_nobody_can_tell_is_refused_with_its_reason(attributes: str, words: str) -> None:
    """Among them a label that the parent had under another name: nobody would ever be asked."""
    _, reasons = fields_with_conditions(config(HEEDING[1].format(attributes)))
    assert words in reasons["x"]
    assert words in parse(config(HEEDING[1].format(attributes))).not_learnable[0]


def test_a_field_whose_parent_cannot_be_looped_cannot_either() -> None:
    """Nor one that depends on that one, and two that wait for each other."""
    parent = HEEDING[0].format('allowNested="true"').replace('"x"', '"p"')
    chain = (
        '<Choices name="{}" toName="t" visibleWhen="choice-selected" whenTagName="{}">'
        '<Choice value="a"/><Choice value="b"/></Choices>'
    )
    inside = parent + "".join(chain.format(*pair) for pair in (("q", "p"), ("a", "b"), ("b", "a"), ("c", "b")))
    found, reasons = fields_with_conditions(config(inside))
    assert [field.name for field in found] == ["mood", "topic", "where"]
    assert reasons.keys() == {"p", "q", "a", "b", "c"}
    assert "asked only after b, which cannot be looped" in reasons["c"]


@pytest.mark.parametrize("attributes", ["", 'visibleWhen=""', 'visibleWhen="always"', 'whenTagName="mood"'])
def test_what_label_studio_always_shows_is_a_field(attributes: str) -> None:
    """Attributes that narrow a condition hide nothing without one."""
    assert parse(config(HEEDING[0].format(attributes))).field("x") == field_x(HEEDING[0].format(""))
    assert hidden_controls(config(HEEDING[0].format(attributes))) == {}


def test_a_header_under_a_condition_hides_no_control_beside_it() -> None:
    """Only what stands inside the View is hidden with it."""
    inside = f"<View {AFTER}><Header value='Why?'/></View>" + HEEDING[0].format("")
    assert field_x(inside).condition is None


def test_a_condition_is_part_of_a_field_and_of_nothing_else() -> None:
    """It goes into JSON and back and into the digest; fields without one are written as they always were."""
    always, conditional = field_x(HEEDING[0].format("")), field_x(HEEDING[0].format(AFTER))
    assert "condition" not in always.to_json()
    assert Field.from_json(conditional.to_json()) == conditional
    assert conditional.digest != always.digest


REGIONS = (
    '<Labels name="also" toName="t"><Label value="Person" alias="p"/></Labels>'
    '<Choices name="tone" toName="t" perRegion="true" {0}><Choice value="a"/><Choice value="b"/></Choices>'
)
OF_REGIONS = ("where", "also")


@pytest.mark.parametrize(
    ("attributes", "requirements"),
    [
        ("", [Requirement(OF_REGIONS)]),
        ('whenLabelValue="p,City"', [Requirement(OF_REGIONS, ("City", "p"))]),
        ('visibleWhen="region-selected" whenTagName="also"', [Requirement(OF_REGIONS), Requirement(("also",))]),
        ('visibleWhen="region-selected" whenLabelValue="p"', [Requirement(OF_REGIONS, ("p",))]),
        (AFTER, [Requirement(OF_REGIONS), Requirement(("mood",), ("complaint",))]),
    ],
)
def test_what_is_asked_about_regions_depends_on_how_they_are_labelled(
    attributes: str, requirements: list[Requirement]
) -> None:
    """All controls that mark the text can."""
    xml = config(REGIONS.format(attributes))
    found, _ = fields_with_conditions(xml)
    tone = next(field for field in found if field.name == "tone")
    assert (tone.unit, tone.inputs) == (Unit.REGION, ("text",))
    assert tone.condition == Condition(tuple(requirements))
    assert Field.from_json(tone.to_json()) == tone
    assert (parse(xml).field("tone"), parse(xml).not_learnable) == (tone, ())


@pytest.mark.parametrize(
    ("inside", "words"),
    [
        (REGIONS.format('whenLabelValue="Person"'), "there are none of that kind"),
        (REGIONS.format('visibleWhen="region-selected" whenTagName="mood"'), "there are none of that kind"),
        (REGIONS.format('visibleWhen="no-region-selected"'), "so that nobody is asked"),
    ],
)
def test_a_field_about_regions_that_there_are_not_is_refused(inside: str, words: str) -> None:
    """Among them a label by its value where an alias is stored: Label Studio then asks nobody."""
    assert words in fields_with_conditions(config(inside))[1]["tone"]


def test_a_field_about_regions_needs_a_control_that_marks_them() -> None:
    """In the same object: spans of another text are none of this one."""
    alone = REGIONS.format("").partition("</Labels>")[2].replace('toName="t"', 'toName="u"')
    xml = config(f'<Text name="u" value="$other"/>{alone}')
    assert "no control that can be looped marks any in u" in fields_with_conditions(xml)[1]["tone"]


def test_what_depends_on_the_answers_about_regions_is_no_field_of_the_task() -> None:
    """Each region has its own answer, and no annotation tells which was selected."""
    child = HEEDING[1].format('visibleWhen="choice-selected" whenTagName="tone" whenChoiceValue="a"')
    reasons = fields_with_conditions(config(REGIONS.format("") + child))[1]
    assert "every region has an answer of its own" in reasons["x"]


def test_a_condition_on_one_of_thousands_of_labels_is_told_in_few_words() -> None:
    """It stands in reports and in the requests to an LLM."""
    told = str(Requirement(("topic",), tuple(f"item {n}" for n in range(5000))))
    assert len(told) < 200
    assert told.endswith("… 5,000 in all")
