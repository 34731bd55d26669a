"""The demo's project in Label Studio."""

import hashlib
from collections.abc import Sequence

from sync.api.client import LabelStudio
from workers.demo.example import DemoText, Example


def prepare_project(client: LabelStudio, example: Example, texts: Sequence[DemoText], n: int) -> int:
    """Return the id of the example's project with `n` of the texts as tasks; what is there already is kept.

    Which texts is decided by hash, so that a larger `n` only adds to a smaller one.
    """
    existing = next((project for project in client.projects() if project.title == example.title), None)
    project = existing or client.create_project(example.title, example.label_config)
    present = {str(task.data.get("text")) for page in client.task_pages(project.id) for task in page}
    wanted = sorted(texts, key=lambda text: hashlib.sha256(text.id.encode()).digest())[:n]
    missing = [text for text in wanted if text.text not in present]
    client.import_tasks(project.id, [{"data": {"text": text.text, "source": text.id}} for text in missing])
    return project.id
