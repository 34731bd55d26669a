"""What annotators are told: in their language, safe as HTML, and never in place of what a person wrote."""

import re
from dataclasses import replace

import pytest

from labelloop.domain.guideline_text import GuidelineText, Rule
from labelloop.domain.instructions import CHINESE, ENGLISH, instructions, is_ours, language_of_ours, same_words
from labelloop.domain.schema import Field
from labelloop.domain.values import FieldKind
from tests.core.made_up import FIELD

GUIDELINE = GuidelineText(
    "Choose <one> & think.", (Rule("good", "glad\nor <b>happy</b>"), Rule("bad"), Rule("odd", "怪"))
)


@pytest.mark.parametrize("language", [ENGLISH, CHINESE])
def test_instructions_say_what_the_guideline_says_and_hold_no_markup_of_it(language: str) -> None:
    """A label without a rule is left out; nothing in a guideline becomes a tag."""
    text = instructions([FIELD], language, {"mood": GUIDELINE})
    assert "<b>good</b>: glad<br>or &lt;b&gt;happy&lt;/b&gt;" in text
    assert "Choose &lt;one&gt; &amp; think." in text
    assert "<b>bad</b>" not in text
    assert (language_of_ours(text), "怎样标注" in text) == (language, language == CHINESE)
    assert "glad" not in instructions([FIELD], language)


def test_an_empty_submit_is_explained_by_the_kind_of_field() -> None:
    """For several choices it means "none", for one it is no answer."""
    several = Field("tags", FieldKind.CHOICES, ("a", "b"), "text", ("text",))
    assert "“none”" in instructions([several], ENGLISH)
    assert "count for nothing" in instructions([FIELD], ENGLISH)


def test_instructions_are_ours_until_a_word_of_them_is_changed() -> None:
    """Label Studio may clean the markup; a person's word makes them theirs."""
    text = instructions([FIELD], ENGLISH, {"mood": GUIDELINE})
    cleaned = re.sub(r"\n", " ", text.replace("<br>", "<br />"))
    assert is_ours(text)
    assert is_ours(cleaned)
    assert same_words(text, cleaned)
    assert not is_ours(text.replace("glad", "very glad"))
    assert not is_ours(text.replace("</div>", "Call Ann.</div>"))
    assert not is_ours("<p>Call Ann.</p>")
    assert not same_words(text, instructions([FIELD], ENGLISH))


def test_several_fields_are_all_answered_and_each_has_its_guideline() -> None:
    """Whatever their kinds; a guideline says which field it is about."""
    other = replace(FIELD, name="tone")
    text = instructions([FIELD, other], ENGLISH, {"tone": GUIDELINE})
    assert "Answer every question that you are shown" in text
    assert "What the guideline says: tone" in text
    assert "count for nothing" not in text
    assert "请回答显示的每个问题" in instructions([FIELD, other], CHINESE)
