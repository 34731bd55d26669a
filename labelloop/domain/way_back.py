"""Which versions served one after another, so that each step back leads one further back."""

from collections.abc import Iterable

from labelloop.domain.records import Deployment


def way_back(deployments: Iterable[Deployment]) -> list[str]:
    """Return the versions that a project can go back through, the one that serves last.

    Going back takes away what it leaves, so that the next step does not lead forward again.

    >>> from datetime import UTC, datetime
    >>> now = datetime.now(UTC)
    >>> served = [Deployment(7, version, "", created_at=now) for version in ("v1", "v2", "v3")]
    >>> back = Deployment(7, "v2", "", rolled_back=True, created_at=now)
    >>> way_back(served), way_back([*served, back])
    (['v1', 'v2', 'v3'], ['v1', 'v2'])
    """
    way: list[str] = []
    for deployment in deployments:
        if deployment.rolled_back and deployment.version in way:
            while way[-1] != deployment.version:
                way.pop()
        elif not way or way[-1] != deployment.version:
            way.append(deployment.version)
    return way
