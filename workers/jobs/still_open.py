"""Which tasks people are still given when a release is written."""

from labelloop.domain.gold_record import waiting_gold
from labelloop.domain.records import Release
from labelloop.domain.tasks import Role
from labelloop.state.project_state import ProjectState

MOST_CLOSED = 5000
"""Label Studio closes tasks one by one, a quarter of a second each."""


def still_open(state: ProjectState) -> list[int]:
    """Return the tasks that Label Studio gives to people: fewer have labelled them than were asked for."""
    audit, done = state.tasks.of(Role.MONITOR), state.tasks.annotators
    people = {id_: max(2, state.rules.monitor_people) if id_ in audit else 1 for id_ in state.tasks.ids}
    few = {id_ for id_ in state.tasks.ids if len(done.get(id_, ())) < people[id_]}
    return sorted(few.union(waiting_gold(state.gold, state.tasks)))


def left_open(state: ProjectState, release: Release) -> int:
    """Return how many tasks people are given after a release: all that are open, where it closes none."""
    found = len(still_open(state))
    return found if not release.certificate or found > MOST_CLOSED else 0
