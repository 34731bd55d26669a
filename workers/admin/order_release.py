"""Order a release, or call it off, for whoever asks: a command, a page or a script."""

from labelloop.domain.records import Release, ReleaseOrder
from labelloop.steps.people_release import write_people_release
from labelloop.steps.release import abandon_release, order_release
from workers.admin.release_preview import goes_without_certificate
from workers.admin.start_attempt import tell
from workers.jobs.app_context import AppContext
from workers.jobs.label_studio_sync import held_up_to_date


def order(context: AppContext, project_id: int, *, people_only: bool = False) -> Release | ReleaseOrder:
    """Order a release under the newest certificates; return the order, or the release where it is written already.

    What people have said is released at once, where that is wanted or they have labelled every task. Raises UserError
    where nothing may be released.
    """
    with held_up_to_date(context, project_id) as state:
        book, alone = context.book, people_only or goes_without_certificate(state)
        ordered = write_people_release(book, state) if alone else order_release(book, state)
    if alone or not isinstance(ordered, Release):
        tell(context, project_id)
    return ordered


def call_off(context: AppContext, project_id: int) -> ReleaseOrder:
    """Cancel the release under way; its certificate stays. Raises UserError if none is."""
    with held_up_to_date(context, project_id) as state:
        order = abandon_release(context.book, state)
    tell(context, project_id)
    return order
