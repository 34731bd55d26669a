"""An event as a message: a title and a sentence for people, the figures for scripts, and a link to the page."""

import hashlib
import json
from dataclasses import dataclass

from labelloop.domain.news import Event
from labelloop.domain.notify_address import Address
from workers.notify.sentences import sentence


@dataclass(frozen=True, slots=True)
class Message:
    """What is sent: `text` for people, with the link, and `body` (JSON) for scripts.

    `id` is the same whenever an event is told to an address, so that a receiver knows one that it has had.
    """

    id: str
    title: str
    text: str
    url: str
    body: str


def message(event: Event, address: Address, project_title: str, pages: str) -> Message:
    """Return an event as an address is told it; `pages` is the address of the lead's pages."""
    url = _link(event, address.project_id, pages)
    title = f"LabelLoop: {project_title}"
    text = sentence(event, address.language)
    data = {"project": address.project_id, "title": project_title, "text": text, "url": url, **event.figures}
    body = {"type": str(event.kind), "timestamp": event.at.isoformat(), "data": data}
    return Message(_id(event, address), title, text, url, json.dumps(body, ensure_ascii=False))


def _link(event: Event, project_id: int, pages: str) -> str:
    if event.page == "system":
        return f"{pages}/system"
    return f"{pages}/projects/{project_id}{f'/{event.page}' if event.page else ''}"


def _id(event: Event, address: Address) -> str:
    # The address's id is random, so that nobody guesses from the digest which annotator a key names.
    parts = (address.id, str(address.project_id), event.kind, event.key)
    return f"msg_{hashlib.sha256('/'.join(parts).encode()).hexdigest()[:32]}"
