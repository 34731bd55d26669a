"""What annotators are told in Label Studio: written where nothing stands, and kept up to date while it is ours."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import structlog

from labelloop.domain.field_texts import joint_inputs
from labelloop.domain.guideline_history import CONFIGURATION
from labelloop.domain.guideline_text import GuidelineText, read_guideline
from labelloop.domain.instructions import (
    description,
    instructions,
    is_ours,
    language_of,
    language_of_ours,
    same_words,
)
from labelloop.domain.schema import Field
from labelloop.errors import LabelLoopError, UserError
from labelloop.settings import Settings
from labelloop.state.project_state import ProjectState
from labelloop.steps.guideline_rulings import current_text
from labelloop.stores.book import Book
from sync.api.client import LabelStudio
from sync.api.wire import WireProject
from sync.codecs.region_codec import inputs_text

SAMPLE = 50

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Instructions:
    """The text as it should be, the text that is shown now, and whether that is ours to replace."""

    wanted: str
    shown: str
    ours: bool

    @property
    def is_current(self) -> bool:
        """Return whether annotators are told what they should be."""
        return same_words(self.wanted, self.shown)


def instructions_of(
    label_studio: LabelStudio,
    project: WireProject,
    fields: Sequence[Field],
    guidelines: Mapping[str, GuidelineText] | None = None,
) -> Instructions:
    """Return what annotators of the project should be told, and what they are told now."""
    shown = project.expert_instruction or ""
    ours = is_ours(shown)
    language = language_of_ours(shown) if ours else language_of(_texts(label_studio, project, fields))
    return Instructions(instructions(fields, language, guidelines), shown, ours or not shown.strip())


def write_instructions(label_studio: LabelStudio, project: WireProject, found: Instructions) -> bool:
    """Write the instructions where nothing stands, or replace ours; return whether anything was changed.

    Label Studio shows them before labelling starts from then on; where somebody switches that off it stays off. A
    project without a description gets one that says what scores are.
    """
    if not found.ours:
        return False
    changes: dict[str, object] = {}
    if not found.shown.strip():
        changes |= {"expert_instruction": found.wanted, "show_instruction": True}
        if not (project.description or "").strip():
            changes["description"] = description(language_of_ours(found.wanted))
    elif not found.is_current:
        changes["expert_instruction"] = found.wanted
    if changes:
        label_studio.update_project(project.id, **changes)
    return bool(changes)


def guidelines_for_people(book: Book, state: ProjectState, settings: Settings) -> dict[str, GuidelineText]:
    """Return the fields' guidelines by name, but for those that say no more than the labelling configuration."""
    found = {one.field.name: _guideline(book, one, settings) for one in state.by_field}
    return {name: guideline for name, guideline in found.items() if guideline is not None}


def _guideline(book: Book, state: ProjectState, settings: Settings) -> GuidelineText | None:
    try:
        text, origin = current_text(book, state, settings.llm_guideline)
    except UserError:  # the file that the settings name cannot be read: whoever asks the LLM is told
        return None
    return None if origin == CONFIGURATION else read_guideline(text, state.field)


def refresh_instructions(label_studio: LabelStudio, book: Book, state: ProjectState, settings: Settings) -> bool:
    """Bring our instructions up to date with the guideline; return whether they were changed, never where none are.

    A failure is logged: they are brought up to date with the next publication.
    """
    try:
        project = label_studio.project(state.id)
        if not is_ours(project.expert_instruction or ""):
            return False
        fields, guidelines = [one.field for one in state.fields], guidelines_for_people(book, state, settings)
        return write_instructions(label_studio, project, instructions_of(label_studio, project, fields, guidelines))
    except LabelLoopError as error:
        log.warning("instructions_not_written", project=state.id, reason=str(error))
        return False


def _texts(label_studio: LabelStudio, project: WireProject, fields: Sequence[Field]) -> list[str]:
    page = next(iter(label_studio.task_pages(project.id, page_size=SAMPLE)), [])
    inputs, labels = joint_inputs(fields), [label for field in fields for label in field.labels]
    return [inputs_text(inputs, task.data) for task in page] or [project.title, *labels]
