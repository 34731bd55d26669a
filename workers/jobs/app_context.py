"""The composition root: the one place where settings become the things that jobs, commands and the backend use."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache, cached_property
from typing import TYPE_CHECKING

from labelloop.log import configure_logging
from labelloop.settings import Settings
from labelloop.state.project_state import ProjectState
from labelloop.stores.book import Book
from sync.api.client import LabelStudio
from workers.jobs.job_queue import Bell
from workers.jobs.open_stores import open_bell, open_book

if TYPE_CHECKING:
    from labelloop.encoders.encoders import Encoders
    from labelloop.learners.base import ModelContext


def open_label_studio(settings: Settings) -> LabelStudio:
    """Return a client of Label Studio; nothing is sent before its first use."""
    return LabelStudio(
        settings.label_studio_url,
        settings.label_studio_token.get_secret_value(),
        timeout_s=settings.label_studio_timeout_s,
        ca_bundle=settings.ca_bundle,
    )


@dataclass
class AppContext:
    """What a job or a command works with."""

    settings: Settings
    book: Book
    bell: Bell
    label_studio: LabelStudio

    @cached_property
    def encoders(self) -> "Encoders":
        """Return the encoders, each prepared on first use."""
        from workers.jobs.models_of_settings import open_encoders  # commands that use no model need not wait for it

        return open_encoders(self.settings)

    @cached_property
    def models(self) -> "ModelContext":
        """Return what models may use, with the encoder of projects whose rules name none."""
        return self._models_with(str(self.settings.encoders.spec(None)))

    def models_of(self, state: ProjectState) -> "ModelContext":
        """Return what the models of a project may use, with its encoder."""
        if state.encoder not in self._of_encoder:
            self._of_encoder[state.encoder] = self._models_with(state.encoder)
        return self._of_encoder[state.encoder]

    def _models_with(self, encoder: str) -> "ModelContext":
        from workers.jobs.models_of_settings import open_models

        return open_models(self.settings, self.book.ledger, self.encoders.named(encoder), self.encoders)

    @cached_property
    def _of_encoder(self) -> "dict[str, ModelContext]":
        return {}


@dataclass(frozen=True)
class ServingContext:
    """What the ML backend works with.

    `models` returns what models may use that were fitted with the encoder of that name, once a worker exported it.
    """

    settings: Settings
    book: Book
    bell: Bell
    models: "Callable[[str], ModelContext]"


def open_serving_context(settings: Settings | None = None) -> ServingContext:
    """Open what the ML backend works with, for as long as the process lives; nothing is loaded yet."""
    from workers.jobs.models_of_settings import open_encoders, open_models

    settings = settings or Settings()
    configure_logging(settings.log_level)
    book = open_book(settings)
    encoders, unnamed = open_encoders(settings, may_export=False), str(settings.encoders.spec(None))

    @cache
    def models(encoder: str) -> "ModelContext":
        return open_models(settings, book.ledger, encoders.named(encoder or unnamed), encoders)

    return ServingContext(settings, book, open_bell(settings, patient=False), models)


@contextmanager
def open_context(settings: Settings | None = None) -> Iterator[AppContext]:
    """Open everything for one job or command, and close it after."""
    settings = settings or Settings()
    book, bell = open_book(settings), open_bell(settings)
    with open_label_studio(settings) as label_studio:
        try:
            yield AppContext(settings, book, bell, label_studio)
        finally:
            bell.redis.close()
            book.ledger.engine.dispose()
