"""Drawing the MONITOR tasks: uniformly at random by a seeded hash, before any model sees the pool."""

import hashlib
from collections import Counter
from collections.abc import Collection, Iterable, Mapping

from labelloop.domain.pool_plan import audit_tasks
from labelloop.domain.tasks import Role, Task


def draw_roles(
    tasks: Iterable[Task], roles: Mapping[int, Role], annotated: Collection[int], *, seed: int, planned: int
) -> dict[int, Role]:
    """Return a role for every task that has none yet.

    MONITOR is topped up to `planned` tasks (at most a quarter of the pool, deleted tasks not counted) with the smallest
    seeded hashes among the new texts; texts that are annotated already, and tasks without text, are TRAIN. Equal
    texts share one role, so that no copy of an audit task is trained on: a copy that is imported later takes the role
    of the first, and a text with more copies than places left is passed over.
    """
    every = sorted(tasks, key=lambda task: task.id)
    prints = {task.id: task.fingerprint for task in every}
    # Where copies have come to differ in role (a text was edited), a further copy must not be trained on.
    known = {prints[id_]: role for role in (Role.TRAIN, Role.MONITOR) for id_ in prints if roles.get(id_) is role}
    copies = Counter(prints[task.id] for task in every if task.id not in roles)
    spoilt = {prints[task.id] for task in every if task.id in annotated or not task.text.strip()}
    left = audit_tasks(len(every), planned) - sum(roles.get(id_) is Role.MONITOR for id_ in prints)
    left -= sum(n for text, n in copies.items() if known.get(text) is Role.MONITOR)
    for text in sorted(copies.keys() - known.keys(), key=lambda text: _hash(seed, text)):
        known[text] = Role.MONITOR if copies[text] <= left and text not in spoilt else Role.TRAIN
        left -= copies[text] * (known[text] is Role.MONITOR)
    return {id_: known[text] for id_, text in prints.items() if id_ not in roles}


def _hash(seed: int, fingerprint: str) -> bytes:
    return hashlib.blake2b(fingerprint.encode(), key=str(seed).encode()[:64], digest_size=16).digest()
