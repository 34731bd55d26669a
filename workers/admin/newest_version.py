"""Why the newest version of a project does not serve."""

from redis.exceptions import RedisError

from labelloop.domain.lookup import matching, newest
from labelloop.domain.records import Fit
from labelloop.state.project_state import ProjectState
from labelloop.state.servable import unservable
from workers.jobs.job_queue import Bell
from workers.jobs.signs_of_life import unloadable


def why_not_newest(state: ProjectState, bell: Bell) -> str:
    """Return in words why the newest version does not answer now, empty where it does or there is none."""
    looped = state.looped if state.fields else None
    if looped is None or not looped.versions:
        return ""
    fit = looped.versions[-1]
    if looped.deployed_version == fit.version:
        return _not_loaded(bell, state.id, fit.version)
    return f"{fit.version} does not serve: {_reason(state, fit)}"


def _reason(state: ProjectState, fit: Fit) -> str:
    looped, served = state.looped, matching(state.looped.deployments, version=fit.version)
    if looped.pinned_version:
        return f"{looped.pinned_version} is pinned until labelloop deploy {state.id} --unpin"
    if served:
        since = looped.deployments[-1]
        return f"{since.version} took its place, {since.reason}"
    if reason := unservable(state, fit):
        return reason
    measured = newest(looped.evaluations, version=fit.version)
    if measured is None:
        return "it is not measured yet"
    if measured.failure:
        return f"it could not be measured: {measured.failure}"
    decision = looped.decision(measured.round_number)
    if decision is None:
        return "it is not decided on yet"
    if decision.challenger != fit.version:
        return f"{decision.challenger or 'no version'} was the best of round {measured.round_number}"
    return decision.reason


def _not_loaded(bell: Bell, project_id: int, version: str) -> str:
    try:
        found = unloadable(bell.redis, project_id)
    except RedisError:
        return ""
    if found is None or found.version != version:
        return ""
    return f"{version} is deployed, but the ML backend cannot load it: {found.reason} (labelloop doctor {project_id})"
