"""The address of a project's page, as a line of its own in the project's description in Label Studio."""

import re

from sync.api.client import LabelStudio

_OURS = re.compile(r"(?:(?:\r?\n){1,2}|^)LabelLoop: \S+/projects/\d+[ \t]*(?=\r?\n|\Z)")


def add_link(client: LabelStudio, project_id: int, pages: str) -> bool:
    """Let the project's description name its page at the address `pages`; return False where it does already."""
    return _change(client, project_id, f"{pages}/projects/{project_id}")


def remove_link(client: LabelStudio, project_id: int) -> bool:
    """Take the line out of the project's description; return False where there is none. Raises NotFound."""
    return _change(client, project_id, "")


def with_link(description: str, address: str) -> str:
    r"""Return a description with our line at its end, or where it stands if it names this address.

    >>> with_link("Messages.", "http://ml:9090/projects/12")
    'Messages.\n\nLabelLoop: http://ml:9090/projects/12'
    """
    line = f"LabelLoop: {address}"
    if [found.strip() for found in _OURS.findall(description)] == [line]:
        return description
    own = without_link(description)
    return f"{own}\n\n{line}" if own else line


def without_link(description: str) -> str:
    r"""Return a description as it is without our lines, also those of another address.

    >>> without_link("Messages.\n\nLabelLoop: http://ml:9090/projects/12")
    'Messages.'
    """
    return _OURS.sub("", description)


def _change(client: LabelStudio, project_id: int, address: str) -> bool:
    before = client.project(project_id).description or ""
    after = with_link(before, address) if address else without_link(before)
    if after != before:
        client.update_project(project_id, description=after)
    return after != before
