"""A real Label Studio's client, and a fresh project for each test."""

from collections.abc import Iterator

import pytest

from labelloop.domain.schema import Field
from sync.api.client import LabelStudio
from sync.api.wire import WireProject
from sync.config.label_config import parse
from tests.sync.stub_backend import StubBackend
from workers.local.label_studio import RunningLabelStudio

CONFIG = (
    '<View><Text name="text" value="$text"/><Choices name="mood" toName="text">'
    '<Choice value="good"/><Choice value="bad" alias="b"/><Choice value="还行"/></Choices></View>'
)
MOOD = parse(CONFIG).fields[0]


def choice(label: str, **more: object) -> dict[str, object]:
    """Return one region as Label Studio's screen sends it."""
    region = {"from_name": "mood", "to_name": "text", "type": "choices", "value": {"choices": [label]}}
    return {**region, **more}


@pytest.fixture
def client(label_studio: RunningLabelStudio) -> Iterator[LabelStudio]:
    """Yield the administrator's client."""
    with LabelStudio(label_studio.url, label_studio.token, pause_s=0.01) as admin:
        yield admin


@pytest.fixture
def project(client: LabelStudio) -> Iterator[WireProject]:
    """Yield an empty project with one single-choice control; it is deleted afterwards."""
    made = client.create_project("sync test", CONFIG)
    yield made
    client.sdk.projects.delete(made.id)


@pytest.fixture
def field() -> Field:
    """Return the project's only field."""
    return MOOD


@pytest.fixture
def backend() -> Iterator[StubBackend]:
    """Yield an ML backend that answers health checks on loopback."""
    with StubBackend() as running:
        yield running
