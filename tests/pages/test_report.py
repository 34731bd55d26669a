"""The report: one file with all figures, which nothing has to be loaded for."""

import math
import re
from collections.abc import Iterator
from pathlib import Path
from threading import Thread

import httpx
import pytest
from flask.testing import FlaskClient
from werkzeug.serving import make_server

from labelloop.domain.report_record import RoundReport
from labelloop.settings import Settings
from ml_backend.app import EXTENSION, create_app
from ml_backend.pages import page_figures
from ml_backend.pages.page_texts import LANGUAGES
from tests.pages.world import World
from workers.cli import main
from workers.jobs.app_context import open_serving_context
from workers.jobs.kept_reports import keep_reports

HOSTILE = "<script>alert(1)</script>"


def audit(world: World, project: int = 12) -> None:
    """Connect a project with a round whose audit tasks two people labelled."""
    world.connect(project, title=HOSTILE, tasks=200)
    said = {5 * n: ("Good", "Good", "Bad" if n % 5 == 0 else "Good") for n in range(1, 41)}
    world.audited(project, said)
    world.differ(project, {task: answers[1:] for task, answers in said.items()})


@pytest.mark.parametrize("language", LANGUAGES)
def test_one_file_has_it_all_and_loads_nothing(client: FlaskClient, world: World, language: str) -> None:
    """Neither script nor style nor picture from elsewhere; no form, no link; what people wrote is text."""
    audit(world)
    answer = client.get(f"/projects/12/report?lang={language}")
    assert answer.status_code == 200
    assert answer.headers["Content-Disposition"] == 'attachment; filename="project-12-round-1.html"'
    page = answer.text
    assert "<svg" in page
    assert "v1" in page
    assert {"en": "How well each label is found", "zh": "每个标签识别得如何"}[language] in page
    assert not re.search(r"<(script|link|img|form|iframe|a)\b|@import|url\(", page)
    assert "&lt;script&gt;" in page


def test_no_annotator_and_no_text_is_in_it(client: FlaskClient, world: World) -> None:
    """It is mailed around."""
    audit(world)
    page = client.get("/projects/12/report").text
    assert "An annotator" in page
    assert "Annotator 1" not in page
    assert "The numbers are those of Label Studio" not in page, "there are none"
    assert "text 5" not in page


def test_before_the_first_round_it_says_so(client: FlaskClient, world: World) -> None:
    """There is nothing to show yet but how far the round is."""
    world.connect()
    answer = client.get("/projects/12/report")
    assert 'filename="project-12-round-0.html"' in answer.headers["Content-Disposition"]
    assert "Before the first round" in answer.text


def test_of_several_fields_each_has_its_figures(client: FlaskClient, world: World) -> None:
    """Under its name."""
    world.connect(fields=("mood", "语气"))
    world.round(12, 1, (0.6, 0.7), fields=("mood", "语气"))
    page = client.get("/projects/12/report").text
    assert page.count("<svg") == 2
    assert "<bdi>mood</bdi>" in page
    assert "<bdi>语气</bdi>" in page


def test_a_project_that_is_not_there_is_not_found(client: FlaskClient) -> None:
    """As on its pages."""
    assert client.get("/projects/99/report").status_code == 404


@pytest.fixture
def address(settings: Settings, world: World) -> Iterator[str]:
    """Yield the address of the service."""
    audit(world)
    app = create_app(open_serving_context(settings))
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()
    app.extensions[EXTENSION].close()


def test_a_command_writes_it(
    address: str,
    settings: Settings,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """By its own name or another one; as often as wanted; what is wrong is one sentence."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LABELLOOP_BACKEND_URL", address)
    monkeypatch.setenv("LABELLOOP_BACKEND_PASSWORD", settings.backend_password.get_secret_value())
    monkeypatch.setenv("LABELLOOP_DATA_DIR", str(settings.data_dir))

    def called(*words: str) -> int:
        return main(["report", *words])

    assert [called("12"), called("12"), called("12", "out/报告.html", "--language", "zh")] == [0, 0, 0]
    assert "Learning curve" in Path("project-12-round-1.html").read_text("utf-8")
    assert "学习曲线" in Path("out/报告.html").read_text("utf-8")
    assert called("99") == 2
    assert f"{address}/projects/99/report?lang=en is not there" in capsys.readouterr().err
    assert called("12", "--language", "fr") == 2
    monkeypatch.setenv("LABELLOOP_BACKEND_URL", f"{address}/login?")
    assert called("12") == 1
    assert "is no report" in capsys.readouterr().err
    monkeypatch.setenv("LABELLOOP_BACKEND_URL", "http://127.0.0.1:1")
    assert called("12") == 1
    assert "labelloop serve" in capsys.readouterr().err


def test_the_report_of_each_round_is_kept(
    address: str,
    settings: Settings,
    world: World,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """In both languages, once, as it was after the verdict: on the project's page, and by the command."""
    monkeypatch.setattr(
        page_figures, "QUICK_S", math.inf
    )  # on a busy machine figures may be slow, and then a little old
    there = settings.model_copy(update={"backend_url": address})
    away = settings.model_copy(update={"backend_url": "http://127.0.0.1:1"})
    keep_reports(away)
    assert world.book.ledger.all(RoundReport, 12) == []
    keep_reports(there)
    keep_reports(there)
    assert [one.number for one in world.book.ledger.all(RoundReport, 12)] == [1]
    world.round(12, 2)
    keep_reports(there)
    assert [one.number for one in world.book.ledger.all(RoundReport, 12)] == [1, 2]

    login = (settings.backend_user, settings.backend_password.get_secret_value())
    with httpx.Client(base_url=address, auth=login, headers={"Accept": "text/html"}) as client:
        links = re.findall(r'href="(\S+name=report\S+)"', client.get("/projects/12?lang=zh").text.replace("&amp;", "&"))
        assert [link.partition("number=")[2] for link in links] == ["2&name=report.zh.html", "1&name=report.zh.html"]
        kept = client.get(links[1])
    assert "第 1 轮之后" in kept.text
    assert kept.headers["Content-Disposition"].endswith("project-12-report-1-report.zh.html")

    monkeypatch.setenv("LABELLOOP_DATA_DIR", str(settings.data_dir))
    assert main(["report", "12", str(tmp_path / "old.html"), "--round", "1"]) == 0
    assert "After round 1" in (tmp_path / "old.html").read_text("utf-8")
    assert main(["report", "12", "--round", "9"]) == 2
    for odd in (["12", "--round", "0"], ["12", "--round", str(10**40)], [str(10**40), "--round", "1"]):
        assert main(["report", *odd]) == 2
    assert "No report was kept of round 9" in capsys.readouterr().err
