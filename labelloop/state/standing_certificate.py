"""Whether the certificate of a field still holds; `labelloop status` asks it, and loads no arrays for that."""

from labelloop.domain.asked_rounds import ancestors
from labelloop.domain.records import Certificate
from labelloop.state.project_state import ProjectState


def standing_certificate(state: ProjectState) -> Certificate | None:
    """Return the certificate under which a model may label the field in focus, None where there is none.

    It holds no longer if the labelling configuration asks for the field on other conditions than when it was drawn.
    """
    attempt = state.attempt
    if attempt is None or attempt.certificate is None or not attempt.certificate.granted:
        return None
    now = {one.field.name: one.field for one in state.fields}
    then = {field.name: field.condition for field in state.fields_at(attempt.draw.created_at)}
    needed = (*ancestors(state.field, now), state.field.name)
    same = all(then.get(name) == now[name].condition for name in needed)
    return attempt.certificate if same else None
