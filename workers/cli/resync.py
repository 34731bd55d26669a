"""`labelloop resync`."""

import json
from dataclasses import asdict

import typer

from labelloop.formatting import counted
from workers.admin.resync import Resync
from workers.admin.resync import resync as read_anew
from workers.cli.arguments import AsJson, Project
from workers.jobs.app_context import open_context


def resync(project: Project, as_json: AsJson = False) -> None:
    """Read all tasks and annotations of a project anew, and say what had been missed.

    `labelloop reconcile` does so by itself where Label Studio counts other tasks or annotations than are known here.
    """
    with open_context() as context:
        found = read_anew(context, project)
    if as_json:
        typer.echo(json.dumps(asdict(found), ensure_ascii=False, indent=1))
    else:
        typer.echo(_report(project, found))


def _report(project: int, found: Resync) -> str:
    read = f"{counted(found.tasks, 'task')} and {counted(found.annotations, 'annotation')} read."
    parts = (
        (found.new_annotations, "annotation", "had been missed"),
        (found.changed_annotations, "annotation", "had changed"),
        (found.gone_annotations, "annotation", "had been deleted"),
        (found.new_tasks, "task", "had been missed"),
        (found.gone_tasks, "task", "had been deleted"),
    )
    lines = [f"  {counted(number, thing)} {what}" for number, thing, what in parts if number]
    if found.found_nothing:
        lines = ["Nothing had been missed."]
    else:
        lines.append(f"All of it is taken in now, and a worker goes on from there: labelloop status {project}")
    if found.unread.tasks > 0 or found.unread.annotations > 0:
        unread = f"{counted(found.unread.tasks, 'task')} and {counted(found.unread.annotations, 'annotation')}"
        lines.append(f"Label Studio counts {unread} more, which cannot be read: the worker's log names them.")
    return "\n".join((read, *lines))
