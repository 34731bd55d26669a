"""What models may read of a request's tasks, read once for all fields that read the same."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from labelloop.domain.schema import Field, Input
from sync.codecs.region_codec import inputs_text

LONGEST_READ = 1_000_000
"""So many characters of a task's text, or turns of a dialogue, are read; no model looks that far."""


class TaskTexts:
    """The tasks of a request that may be pre-annotated, by their place in it; `train` are the ids of those that may.

    `data` is each one's, with texts, pages and dialogues no longer than `LONGEST_READ`.
    """

    def __init__(self, train: Collection[int], tasks: Sequence[object]) -> None:
        self.data = {place: found for place, task in enumerate(tasks) if (found := _data(train, task)) is not None}
        self._texts: dict[tuple[Input, ...], dict[int, str]] = {}

    def texts(self, field: Field) -> Mapping[int, str]:
        """Return what the field reads of each task, but of those that have nothing to read."""
        inputs = field.read_inputs
        if inputs not in self._texts:
            found = {place: inputs_text(inputs, data) for place, data in self.data.items()}
            self._texts[inputs] = {place: text for place, text in found.items() if text.strip()}
        return self._texts[inputs]


def readable(data: Mapping[str, Any]) -> dict[str, Any]:
    """Return a task's data with texts, pages and dialogues no longer than `LONGEST_READ`."""
    return {key: value[:LONGEST_READ] if isinstance(value, str | list) else value for key, value in data.items()}


def _data(train: Collection[int], task: object) -> dict[str, Any] | None:
    match task:
        case {"id": int() as task_id, "data": dict() as data} if task_id in train:
            return readable(data)
        case _:
            return None
