"""What services leave in Redis to say that they live, or what keeps them from work; it goes by itself after a while."""

import json
from dataclasses import dataclass

from redis import Redis

RECONCILED = "labelloop:reconciled"
ONCE_IS_GOOD_FOR_S = 3600
UNLOADABLE_FOR_S = 120


@dataclass(frozen=True, slots=True)
class Unloadable:
    """A version that an ML backend was to serve and could not load, and what it says of it."""

    version: str
    reason: str


def reconciled(redis: Redis, every_s: float | None) -> None:
    """Say that every project was rung for, which is done again after `every_s` seconds, or at somebody's will."""
    redis.set(RECONCILED, 1, ex=ONCE_IS_GOOD_FOR_S if every_s is None else round(3 * every_s) + 30)


def is_reconciled(redis: Redis) -> bool:
    """Return whether somebody rings for every project from time to time; raises redis.RedisError."""
    return bool(redis.exists(RECONCILED))


def tell_unloadable(redis: Redis, project_id: int, found: Unloadable | None) -> None:
    """Say which version of a project cannot be loaded, or that the one that serves can be."""
    if found is None:
        redis.delete(_key(project_id))
    else:
        redis.set(_key(project_id), json.dumps([found.version, found.reason]), ex=UNLOADABLE_FOR_S)


def unloadable(redis: Redis, project_id: int) -> Unloadable | None:
    """Return the version that an ML backend could not load a moment ago; raises redis.RedisError."""
    told = redis.get(_key(project_id))
    return Unloadable(*json.loads(told)) if isinstance(told, bytes) else None


def _key(project_id: int) -> str:
    return f"labelloop:unloadable:{project_id}"
