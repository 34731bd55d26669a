"""Choose a project's encoder by the language of its texts, once, and say where it does not suit them."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TypeVar

import structlog

from labelloop.domain.languages import Languages, languages
from labelloop.domain.records import Connection
from labelloop.encoders.encoder_choice import EncoderChoice, encoder_due, encoder_warning
from labelloop.encoders.names import BUNDLED, has_multilingual
from labelloop.rules import Rules
from labelloop.state.load import load
from labelloop.state.project_state import ProjectState
from labelloop.state.rules_in_force import TEXTS, sources_after
from labelloop.stores.book import Book

READ = 2000
"""How many texts of a mirror are looked at."""

T = TypeVar("T")

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class EncoderSeen:
    """The encoder that holds or will hold for a project, and what is wrong with it for these texts, if anything.

    `chosen` tells that it was chosen by the texts now, and is to be stored; `long` says what is read of long texts.
    """

    choice: EncoderChoice
    warning: str
    chosen: bool
    long: str = ""


def look_at(rules: Rules, found: Languages, project_id: int, *, setting: str, fitted: bool) -> EncoderSeen:
    """Return which encoder is due and whether it suits the languages `found`.

    The rule comes first, then the operator's `setting`; one is chosen only where nothing was `fitted` before.
    """
    there = has_multilingual()
    if rules.encoder:
        choice = EncoderChoice(rules.encoder, "the rule `encoder` names it")
    elif fitted and not setting:
        choice = EncoderChoice(BUNDLED, "its models were fitted with it")
    else:
        choice = encoder_due(found, setting=setting, has_multilingual=there)
    warning = encoder_warning(choice.encoder, found, has_multilingual=there, project_id=project_id)
    return EncoderSeen(choice, warning, not (rules.encoder or setting or fitted) and bool(found.texts))


def seen_in_mirror(book: Book, state: ProjectState) -> Languages:
    """Return in which languages some texts are, from all over a project's mirror."""
    return languages(texts_in_mirror(book, state))


def texts_in_mirror(book: Book, state: ProjectState) -> list[str]:
    """Return some texts from all over a project's mirror."""
    ids = spread(sorted(state.tasks.with_text), READ)
    return [task.text for task in book.mirror(state.id).tasks(ids).values()] if ids else []


def settle_encoder(book: Book, state: ProjectState, *, setting: str) -> ProjectState:
    """Store with the Rules the encoder that suits the texts, if they name none and nothing was fitted yet.

    So it is chosen once, when the first texts are there, and stays. It is not stored where the operator's `setting`
    names one. Return the state after it.
    """
    if state.rules.encoder or setting or state.looped.fits or not state.tasks.with_text:
        return state
    seen = look_at(state.rules, seen_in_mirror(book, state), state.id, setting=setting, fitted=False)
    log.info("encoder_chosen", encoder=seen.choice.encoder, reason=seen.choice.reason)
    if seen.warning:
        log.warning("encoder_does_not_suit", reason=seen.warning)
    rules = state.rules.model_copy(update={"encoder": seen.choice.encoder})
    after = replace(
        state.connection,
        rules=rules.model_dump_json(),
        sources=sources_after(state.connection, rules, {"encoder": TEXTS}),
        created_at=datetime.now(UTC),
        artifact="",
    )
    number = len(book.ledger.all(Connection, state.id)) + 1
    book.record(after, f"connection-{number}")
    return load(book, state.id)


def spread(items: list[T], most: int) -> list[T]:
    """Return at most so many of the items, evenly spread.

    >>> spread([1, 2, 3, 4, 5, 6], 3)
    [1, 3, 5]
    """
    return items if len(items) <= most else [items[place * len(items) // most] for place in range(most)]
