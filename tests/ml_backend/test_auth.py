"""Who is let in."""

import pytest
from flask.testing import FlaskClient

from labelloop.errors import UserError
from labelloop.settings import Settings
from ml_backend.app import create_app
from tests.ml_backend.conftest import Start
from tests.ml_backend.stage import SECRET, Stage, credentials, said
from workers.jobs.app_context import open_serving_context

ROUTES = ["POST /setup", "POST /predict", "POST /webhook", "POST /webhook/12", "GET /versions", "GET /metrics", "GET /"]


@pytest.fixture
def client(start: Start, stage: Stage) -> FlaskClient:
    """Return a client that shows no credentials by itself."""
    client = start()
    del client.environ_base["HTTP_AUTHORIZATION"]
    return client


@pytest.mark.parametrize("route", ROUTES)
@pytest.mark.parametrize("given", [None, "", "Basic", "Basic !!!", "Bearer abc", credentials("wrong"), "\udcff"])
def test_every_route_but_health_refuses_strangers(client: FlaskClient, route: str, given: str | None) -> None:
    """No credentials, wrong ones and broken ones alike are answered 401 in words, on unknown paths too."""
    method, path = route.split()
    header = {} if given is None else {"HTTP_AUTHORIZATION": given}
    answer = client.open(path, method=method, json={} if method == "POST" else None, environ_overrides=header)
    assert answer.status_code == 401
    assert "credentials" in said(answer)["error"]
    assert answer.headers["WWW-Authenticate"].startswith("Basic")


def test_a_right_password_with_a_wrong_user_is_refused(client: FlaskClient) -> None:
    """Both halves of the credentials count."""
    headers = {"Authorization": credentials(user="someone")}
    assert client.get("/versions", headers=headers).status_code == 401


def test_health_is_open_and_tells_nothing_of_the_projects(client: FlaskClient) -> None:
    """Label Studio's health check carries credentials, a load balancer's does not."""
    answer = client.get("/health")
    assert (answer.status_code, said(answer)["status"]) == (200, "UP")
    assert set(said(answer)) == {"status", "version"}


def test_the_secret_header_opens_the_webhook_only(client: FlaskClient) -> None:
    """Our webhook's secret is no key to the rest of the service."""
    headers = {"X-LabelLoop-Secret": SECRET}
    assert client.post("/webhook/12", headers=headers).status_code == 200
    assert client.get("/versions", headers=headers).status_code == 401
    assert client.post("/webhook/12", headers={"X-LabelLoop-Secret": SECRET + "x"}).status_code == 401
    assert client.post("/webhook/12", headers={"X-LabelLoop-Secret": ""}).status_code == 401


@pytest.mark.parametrize("missing", ["backend_password", "webhook_secret"])
def test_the_service_does_not_start_without_credentials(settings: Settings, missing: str) -> None:
    """The refusal names the settings to make."""
    with pytest.raises(UserError, match=f"LABELLOOP_{missing.upper()}"):
        create_app(open_serving_context(Settings(_env_file=None, **{**settings.model_dump(), missing: ""})))


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.0.1", "::", "labelloop.example"])
def test_insecure_is_refused_beyond_loopback(settings: Settings, host: str) -> None:
    """Whoever can reach the service could read the predictions."""
    with pytest.raises(UserError, match="would answer strangers"):
        create_app(open_serving_context(Settings(_env_file=None, insecure=True, host=host, data_dir=settings.data_dir)))


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "localhost"])
def test_insecure_on_loopback_serves_everybody(start: Start, host: str) -> None:
    """For a first try on one's own machine."""
    empty = Settings(_env_file=None).backend_password
    client = start(insecure=True, host=host, backend_password=empty, webhook_secret=empty)
    del client.environ_base["HTTP_AUTHORIZATION"]
    assert client.get("/versions").status_code == 200
