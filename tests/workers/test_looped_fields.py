"""Which fields a project loops where some are asked only after others."""

import pytest

from labelloop.errors import NothingToLearn
from labelloop.rules import Rules
from workers.jobs.looped_fields import looped_fields, refuse_unknown_fields

CHOICES = '<Choices name="{}" toName="t" {}><Choice value="a"/><Choice value="b"/></Choices>'
AFTER = 'visibleWhen="choice-selected" whenTagName="{}" whenChoiceValue="a"'
CONFIG = (
    '<View><Text name="t" value="$text"/>'
    + CHOICES.format("child", AFTER.format("parent"))
    + CHOICES.format("parent", "")
    + CHOICES.format("grandchild", AFTER.format("child"))
    + "</View>"
)
RELATED = """<View><Text name="t" value="$t"/><Labels name="who" toName="t"><Label value="Person"/></Labels>
<Relations><Relation value="knows"/></Relations></View>"""


@pytest.mark.parametrize(
    ("named", "looped"),
    [
        (("all",), ["child", "parent", "grandchild"]),
        (("parent", "child"), ["parent", "child"]),
        ((), ["parent"]),
        (("parent", "grandchild"), ["parent"]),
    ],
)
def test_a_field_is_looped_with_what_it_depends_on(named: tuple[str, ...], looped: list[str]) -> None:
    """Where the rules name none it is the first that is asked of every task; one without its parent is left out."""
    assert [field.name for field in looped_fields(CONFIG, Rules(fields=named), 7)] == looped


@pytest.mark.parametrize("named", [("child",), ("parent", "grandchild"), ("grandchild", "child")])
def test_rules_that_name_a_child_without_its_parent_are_refused(named: tuple[str, ...]) -> None:
    """In a sentence that names what is missing."""
    with pytest.raises(NothingToLearn, match=r"cannot be looped without (parent|child), on which it depends"):
        refuse_unknown_fields(CONFIG, Rules(fields=named), 7)


def test_a_project_whose_only_field_gets_a_condition_says_what_to_do() -> None:
    """As when the lead puts a View around it in mid-loop."""
    with pytest.raises(NothingToLearn, match=r"child cannot be looped without parent, .* loop both"):
        looped_fields(CONFIG, Rules(fields=("child",)), 7)


def test_relations_are_looped_with_the_spans_that_they_are_between() -> None:
    """Without these nobody could tell what they relate."""
    assert [field.name for field in looped_fields(RELATED, Rules(fields=("all",)), 7)] == ["who", "relations"]
    with pytest.raises(NothingToLearn, match=r"relations cannot be looped without who, .* loop both"):
        refuse_unknown_fields(RELATED, Rules(fields=("relations",)), 7)
