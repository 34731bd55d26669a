"""Records are written in English; Chinese readers get their sentences in Chinese, with every figure."""

import re
from itertools import product
from math import inf

import pytest

from labelloop.domain.languages import _NAMES, _SCRIPTS, UNKNOWN, languages
from labelloop.domain.promotion import Comparison, promote
from labelloop.domain.records import CertifyDraw
from labelloop.domain.refinement import Refinement
from labelloop.encoders.encoder_choice import encoder_due
from labelloop.learners.prompt import refine
from labelloop.stats.pac import PacThreshold
from labelloop.steps import certify, deploy
from ml_backend.pages.language_names import NAMES
from ml_backend.pages.page_texts import Texts
from ml_backend.pages.recorded_sentences import recorded
from tests.pages.world import NOON
from workers.admin.release_status import NO_LONGER

ZH = Texts("zh")
FIGURE = r"[+-]?\d[\d.]*"
COMPARED = sorted(
    {
        promote(Comparison(gain, 0.02, n, ratio, more, outdated))[1]
        for gain, n, ratio, more, outdated in product(
            (-0.1, -0.015, 0.0, 0.1), (5, 100), (1.0, 2.5, inf), (False, True), (False, True)
        )
    }
)
DRAW = CertifyDraw(1, 1, "v1", 300, 1500, 0.05, 0.05, created_at=NOON)
CERTIFIED = [
    certify._because(found, DRAW)
    for found in (
        PacThreshold(inf, 0, 3, 0, certifiable=False),
        PacThreshold(inf, 8, 90, 0, certifiable=True),
        PacThreshold(0.4, 8, 14, 200, certifiable=True),
    )
] + [certify._because_few(PacThreshold(0.4, 8, 14, 20, certifiable=True), 40)]
FITTED = "v3, fitted to round 2 with 80 labels"
LATE = (f"{FITTED}, came late", f"{FITTED}, was fitted anew, with the encoder e5")
TRIED = [
    refine._tested(Refinement("file", ""), before, after).reason
    for before, after in (([0.0] * 8 + [1.0], [1.0] * 8 + [0.0]), ([1.0, 0.0], [0.0, 1.0]))
] + ["the time was over before it was tried"]
OTHERS = [
    "the first model",
    "it serves already",
    "no learner could be fitted to this round",
    "contrastive will come late, and no other learner could be fitted to this round",
    "v2 could not be evaluated",
    "v2 could not be evaluated: out of memory",
    "it is pinned until `labelloop deploy 12 --unpin`",
    deploy.UNMEASURED,
    "abandoned by command",
    "abandoned by command, with nothing labelled",
    "the labelling configuration no longer has mood, topic",
    "the labelling configuration no longer has mood, with nothing labelled",
    NO_LONGER,
    "the lead wrote it",
    "the configuration says so",
    "the file says so",
    *TRIED,
    "the rule `encoder` names it",
    *(
        encoder_due(languages(texts), setting=setting, has_multilingual=has_multilingual).reason
        for texts, setting, has_multilingual in (
            ([], "", True),
            (["Where is my card?"], "e5", True),
            (["Where is my card?"], "", True),
            (["ok", "12:30"], "", True),
            (["我的卡在哪里", "Wo ist die Karte, und wann kommt sie?", "12:30"], "", True),
            (["我的卡在哪里"], "", False),
        )
    ),
    *(f"{tried}; but the guideline was changed meanwhile" for tried in TRIED),
    *(f"{late}: {reason}" for late in LATE for reason in COMPARED),
]


@pytest.mark.parametrize("sentence", [*COMPARED, *CERTIFIED, *OTHERS])
def test_what_was_decided_is_told_in_chinese_with_all_its_figures(sentence: str) -> None:
    """Each sentence that the promotion rule and a certificate can say; English stays as it was written."""
    said = recorded(sentence, ZH)
    assert re.search(r"[\u4e00-\u9fff]", said)
    assert not re.search(r"\b(the|error|tasks|labels|model)\b", said)
    assert set(re.findall(FIGURE, said)) == set(re.findall(FIGURE, sentence))
    assert recorded(sentence, Texts("en")) == sentence


def test_every_language_that_is_told_apart_has_a_chinese_name() -> None:
    """Those of scripts, those of words, and the unknown."""
    assert {*_NAMES, *_SCRIPTS.values(), UNKNOWN} <= NAMES.keys()


def test_a_sentence_that_nobody_knows_stays_as_it_was_written() -> None:
    """By an earlier or a later version: better in English than not at all."""
    assert recorded("because I said so", ZH) == "because I said so"
    assert recorded("{rest}", ZH) == "{rest}"
