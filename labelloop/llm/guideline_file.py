"""The guideline that a fit begins with: the project's own, a file's, or the labelling configuration's."""

from pathlib import Path

from labelloop.domain.guideline_history import CONFIGURATION, FILE, LEDGER
from labelloop.domain.guideline_text import GuidelineText, first_guideline, read_guideline
from labelloop.domain.schema import Field
from labelloop.errors import UserError


def beginning(given: str, where: str, field: Field) -> tuple[GuidelineText, str]:
    """Return the guideline a fit begins with, and its origin: `ledger`, `file` or `configuration`.

    `given` is the project's, as Markdown, which wins over the settings'. Raises UserError as `guideline_at` does.
    """
    if given:
        return read_guideline(given, field), LEDGER
    found = guideline_at(where, field)
    return found, FILE if where and found != first_guideline(field) else CONFIGURATION


def guideline_at(where: str, field: Field) -> GuidelineText:
    """Return the guideline of the settings: a file, a folder with `<control>.md` in it, or none.

    Raises UserError if the file cannot be read.
    """
    path = Path(where)
    if where and path.is_dir():
        path = path / f"{field.name.replace('/', '_')}.md"
        where = str(path) if path.exists() else ""
    if not where:
        return first_guideline(field)
    try:
        return read_guideline(path.read_text("utf-8"), field)
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(
            f"The guideline {path} that LABELLOOP_LLM_GUIDELINE names cannot be read ({type(error).__name__}): fix "
            "the path, or save it as UTF-8."
        ) from error
