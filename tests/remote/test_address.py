"""Which addresses a rule may name."""

import pytest

from labelloop.errors import UserError
from labelloop.learners.base import RemoteAccess
from labelloop.plugins import learner
from sync.remote.address import Address, address, refuse_ourselves


@pytest.mark.parametrize(
    ("written", "found"),
    [
        ("http://models:9090", Address("http://models:9090")),
        (" https://models.example.org/ner/ ", Address("https://models.example.org/ner")),
        ("http://10.0.0.7:9090#12", Address("http://10.0.0.7:9090", "12")),
        ("http://[::1]:9090", Address("http://[::1]:9090")),
    ],
)
def test_an_address_is_an_http_url_and_perhaps_a_project(written: str, found: Address) -> None:
    """Backends that keep a model per project are told the number that follows #."""
    assert address(written) == found


@pytest.mark.parametrize("written", ["http://team:hunter2@models:9090", "http://hunter2@models", "http://:hunter2@m"])
def test_a_password_in_a_rule_is_refused_and_not_repeated(written: str) -> None:
    """Rules are stored and shown; the message says where credentials belong."""
    with pytest.raises(UserError, match="set LABELLOOP_REMOTE_USER and LABELLOOP_REMOTE_PASSWORD") as refused:
        learner(f"remote:{written}")

    assert "hunter2" not in str(refused.value)


@pytest.mark.parametrize(
    "written",
    [
        "",
        "models:9090",
        "//models",
        "ftp://models",
        "file:///etc/passwd",
        "http://",
        "http://models:99999",
        "http://m:0",
        "http://models?token=1",
        "http://models#mood",
        "http://[::1",
        "http://models#١٢",
    ],
)
def test_anything_else_is_refused_with_an_example(written: str) -> None:
    """Whoever writes the rule sees what to write instead."""
    with pytest.raises(UserError, match=r"write `remote:http://host:9090`"):
        learner(f"remote:{written}")


def test_a_learner_without_an_address_is_refused() -> None:
    """`remote` alone says nothing."""
    with pytest.raises(UserError, match="needs an argument"):
        learner("remote")


@pytest.mark.parametrize(
    "written", ["http://labelloop.example:9191/", "http://LOCALHOST:9090", "http://127.0.0.9:9090"]
)
def test_our_own_backend_is_refused(written: str) -> None:
    """It would ask itself for ever; another port on the same machine is somebody else."""
    access = RemoteAccess(own_url="http://labelloop.example:9191", own_port=9090)
    with pytest.raises(UserError, match="LabelLoop's own ML backend"):
        refuse_ourselves(address(written), access)
    refuse_ourselves(address("http://127.0.0.1:9091"), access)
    refuse_ourselves(address("https://labelloop.example"), access)
