"""The rules that hold for a project now, and where each of them comes from."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from labelloop.domain.records import Connection
from labelloop.rules import Rules

FILE, COMMAND, TEXTS, DEFAULT, UNKNOWN = "file", "command", "texts", "default", "unknown"


@dataclass(frozen=True, slots=True)
class RuleInForce:
    """One rule: its value and its `source`, with the moment from which on both hold, None for a default.

    The source is `file`, `command`, `texts` (chosen by looking at them), `default`, or `unknown` where a value was set
    before sources were recorded.
    """

    key: str
    value: object
    source: str
    since: datetime | None


def rules_in_force(connections: Iterable[Connection]) -> list[RuleInForce]:
    """Return every rule as a project's connections, oldest first, have left it."""
    found = {key: RuleInForce(key, value, DEFAULT, None) for key, value in Rules().model_dump().items()}
    for connection in connections:
        sources = json.loads(connection.sources)
        for key, value in Rules.stored(connection.rules).model_dump().items():
            source = sources.get(key) or (DEFAULT if value == _default(key) else UNKNOWN)
            if (value, source) != (found[key].value, found[key].source):
                since = None if source == DEFAULT else connection.created_at
                found[key] = RuleInForce(key, value, source, since)
    return list(found.values())


def sources_after(before: Connection | None, rules: Rules, given: Mapping[str, str]) -> str:
    """Return the `sources` (JSON) of the connection that follows: of the rules `given`, and of those that stay.

    A rule that is given `default` as its source has none.
    """
    sources = json.loads(before.sources) if before else {}
    known = Rules.stored(before.rules).model_dump() if before else {}
    now = rules.model_dump()
    stay = {key: source for key, source in sources.items() if now.get(key) == known.get(key)}
    stay |= {"fields" if key == "field" else key: source for key, source in given.items()}  # its name of before
    return json.dumps({key: source for key, source in stay.items() if source != DEFAULT}, sort_keys=True)


def _default(key: str) -> object:
    return Rules.model_fields[key].default
