"""The page of people: what each annotator has done, and how far they agree with the others; nobody is ranked."""

from flask import Response

from labelloop.state.load import load
from labelloop.steps.people_figures import people_figures
from ml_backend.pages.desk import Desk

FEWEST_TASKS = 20
"""With fewer audit tasks nothing is said of a person's agreement."""


def people_page(desk: Desk, project: int, field: str, *, hidden: bool) -> Response:
    """Return the page, with numbers in place of people if wanted `hidden`; raises NotConnected or NotFound."""
    state = load(desk.book, project, disconnected=True).focused(field)
    people = people_figures(desk.book, state)
    return desk.page(
        "people.html",
        project=project,
        title=state.connection.title,
        fields=[one.field.name for one in state.fields],
        field=state.field.name,
        people=sorted(people, key=lambda one: -one.tasks) if hidden else people,
        hidden=hidden,
        fewest=FEWEST_TASKS,
    )
