"""The client: nothing is asked twice, nothing is spent beyond the cap, and trouble is told plainly."""

import asyncio
import logging
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from pydantic import SecretStr, ValidationError

from labelloop.deadline import answer_within
from labelloop.errors import LabelLoopError, NeighbourError, UserError
from labelloop.extras import MissingExtra
from labelloop.llm import cost_caps as spending
from labelloop.llm.cost_caps import CapReached, Spent
from labelloop.llm.cost_center import CostCenter, charged_to, current_cost_center
from labelloop.llm.llm_client import required
from labelloop.llm.llm_settings import LlmSettings
from labelloop.log import configure_logging
from labelloop.stores.llm_costs import LlmCosts
from tests.llm.asking import HERE, ask, said, texts
from tests.llm.conftest import Reach
from tests.llm.server import KEY, SLOW_S, Fault, ScriptedLLM


def test_nothing_is_asked_twice_not_even_after_a_restart(llm: ScriptedLLM, reach: Reach) -> None:
    """The same text in one batch, in the next, and in another process: one request, and the same answer."""
    first = said(reach(), [*texts(5), *texts(5)])
    again = said(reach(), texts(5))

    assert first == [*again, *again]
    assert llm.answered == 5
    assert set(llm.bodies.values()) == {1}


def test_it_may_be_asked_from_a_notebook(llm: ScriptedLLM, reach: Reach) -> None:
    """There an event loop turns already; who pays and how long an answer is of use hold all the same."""

    async def cell() -> CostCenter:
        with charged_to(5, 2), answer_within(60):
            said(reach(), texts(3), current_cost_center())
            return current_cost_center()

    with ThreadPoolExecutor(1) as thread:  # in this one the loop of a browser may turn, which other tests keep open
        assert thread.submit(lambda: asyncio.run(cell())).result() == CostCenter(5, 2)
    assert llm.answered == 3


def test_another_model_or_prompt_is_another_question() -> None:
    """What is kept belongs to the model, the parameters and the prompt."""
    digests = {ask("a").digest, ask("b").digest, ask("a", model="x").digest, ask("a", length=65).digest}

    assert len(digests) == 4


def test_the_ledger_counts_what_the_server_counts(llm: ScriptedLLM, reach: Reach, costs: LlmCosts) -> None:
    """Tokens to the last one, money by the price table, by project and round; refusals cost nothing."""
    llm.faults.extend([Fault(429), Fault(500), Fault(503)])
    client = reach()
    said(client, texts(20), CostCenter(12, 1))
    said(client, texts(30), CostCenter(12, 2))
    spent, rounds = costs.spent(12), costs.by_round(12)

    assert (spent.requests, spent.tokens_in, spent.tokens_out) == (30, llm.tokens_in, llm.tokens_out)
    assert spent.cost == pytest.approx((llm.tokens_in + 4 * llm.tokens_out) / 1e6)
    assert [rounds[number].requests for number in (1, 2)] == [20, 10]
    assert costs.spent(13) == Spent(0, 0, 0, 0)


@pytest.mark.parametrize("side_by_side", [1, 8])
def test_the_cap_stops_within_one_request_of_the_limit(
    llm: ScriptedLLM, reach: Reach, costs: LlmCosts, side_by_side: int
) -> None:
    """Never beyond it, and not before the next request might go beyond it; what was answered is kept."""
    one = ask("text number 100, 第100条")
    most = (one.most_tokens + 4 * one.max_tokens) / 1e6
    cap = 10.5 * most
    client = reach(llm_cap=cap, llm_concurrency=side_by_side)
    with pytest.raises(CapReached, match="LABELLOOP_LLM_CAP"):
        said(client, texts(60))
    spent = costs.spent(12).cost
    answered = llm.answered

    assert cap - most < spent <= cap
    assert spent == pytest.approx((llm.tokens_in + 4 * llm.tokens_out) / 1e6)
    said(reach(llm_cap=1000.0), texts(60))
    assert llm.answered == 60
    assert answered > 10


def test_another_project_has_a_cap_of_its_own(llm: ScriptedLLM, reach: Reach) -> None:
    """One project's spending does not stop another."""
    client = reach(llm_cap=0.001)
    with pytest.raises(CapReached, match="project 12"):
        said(client, texts(100))

    assert said(client, ["a lost card"], CostCenter(13, 1))[0].content == '{"label": "card"}'


def test_a_process_that_died_has_spent_the_most_it_can_have(costs: LlmCosts) -> None:
    """What was sent and never settled counts, so a cap holds over crashes."""
    costs.reserve(HERE, "scripted", spending.Bill(100, 50, 2.5), spending.Limits(5.0))

    assert costs.spent(12) == Spent(1, 100, 50, 2.5, unknown=1)
    with pytest.raises(CapReached):
        costs.reserve(HERE, "scripted", spending.Bill(100, 50, 2.6), spending.Limits(5.0))


def test_an_estimate_costs_nothing_and_is_never_too_low(llm: ScriptedLLM, reach: Reach, costs: LlmCosts) -> None:
    """Before anything is sent one may know what it will cost at most, and what is known already."""
    client = reach()
    asks = [ask(text) for text in texts(10)]
    before = client.estimate([*asks, asks[0]])
    assert llm.answered == 0
    said(client, texts(10))
    spent = costs.spent(12)

    assert (before.requests, before.cached) == (11, 1)
    assert spent.tokens_in <= before.tokens_in
    assert spent.cost <= before.cost
    assert client.estimate(asks).cached == 10
    assert client.estimate(asks).cost == 0


def test_passing_trouble_passes(llm: ScriptedLLM, reach: Reach) -> None:
    """429 and 5xx are tried again, after the pause that the server asks for."""
    llm.faults.extend([Fault(429, headers={"Retry-After": "0.2"}), Fault(500), Fault(502), Fault(529)])
    started = time.monotonic()
    said(reach(), ["a card"])

    assert llm.answered == 1
    assert time.monotonic() - started >= 0.2


def test_trouble_that_stays_is_told(llm: ScriptedLLM, reach: Reach) -> None:
    """After five attempts the neighbour is down."""
    llm.always = Fault(503)
    with pytest.raises(NeighbourError, match="503"):
        said(reach(), ["a card"])


def test_an_answer_that_never_came_counts_with_the_most_it_can_cost(
    llm: ScriptedLLM, reach: Reach, costs: LlmCosts
) -> None:
    """The server may have counted it."""
    llm.faults.append(Fault(slow=True))
    client = reach(llm_timeout_s=2.0)
    said(client, ["a card"])
    spent = costs.spent(12)

    assert (spent.requests, spent.unknown) == (2, 1)
    assert spent.tokens_in >= llm.tokens_in


@pytest.mark.parametrize(
    ("fault", "kind", "words"),
    [
        (Fault(401), UserError, "LABELLOOP_LLM_API_KEY"),
        (Fault(403), UserError, "LABELLOOP_LLM_API_KEY"),
        (Fault(404), UserError, "LABELLOOP_LLM_MODEL"),
        (Fault(429, code="insufficient_quota"), UserError, "credit"),
        (Fault(400, "who knows"), UserError, "refuses our request"),
        (Fault(418), NeighbourError, "418"),
        (Fault(words="<html>Welcome</html>", raw=True), NeighbourError, "LABELLOOP_LLM_BASE_URL"),
        (Fault(words="[]", raw=True), NeighbourError, "LABELLOOP_LLM_BASE_URL"),
        (Fault(words='{"choices": []}', raw=True), NeighbourError, "LABELLOOP_LLM_BASE_URL"),
        (Fault(words="", raw=True), NeighbourError, "LABELLOOP_LLM_BASE_URL"),
        (Fault(400, code="context_length_exceeded"), UserError, "LABELLOOP_LLM_CONTEXT_TOKENS"),
    ],
)
def test_a_refusal_says_what_to_do(
    llm: ScriptedLLM, reach: Reach, fault: Fault, kind: type[LabelLoopError], words: str
) -> None:
    """And is not tried again."""
    llm.faults.append(fault)
    with pytest.raises(kind, match=words):
        said(reach(), ["a card"])
    assert llm.answered == 0


def test_a_server_that_is_down_is_named(llm: ScriptedLLM, reach: Reach) -> None:
    """The address is what an operator needs."""
    with pytest.raises(NeighbourError, match=r"127\.0\.0\.1:9/v1 cannot be reached"):
        said(reach(llm_base_url="http://127.0.0.1:9/v1"), ["a card"])


def test_without_a_server_or_a_price_nothing_is_sent(llm: ScriptedLLM, reach: Reach) -> None:
    """No cap could be kept where a price is unknown; any model's price is that of the star."""
    with pytest.raises(UserError, match="LABELLOOP_LLM_BASE_URL"):
        required(None)
    with pytest.raises(UserError, match="LABELLOOP_LLM_PRICES"):
        said(reach(llm_prices='{"another": [1, 1]}'), ["a card"])
    assert llm.answered == 0
    said(reach(llm_prices='{"*": [0, 0]}', llm_cap=0.0), ["a card"])
    assert llm.answered == 1


@pytest.mark.parametrize("prices", ["free", "[]", '{"x": 1}', '{"x": [1, -1]}', '{"x": [1, NaN]}'])
def test_a_price_table_that_is_none_is_refused_at_the_start(reach: Reach, prices: str) -> None:
    """Before anything is asked, as any wrong setting."""
    with pytest.raises(ValidationError, match="llm_prices"):
        reach(llm_prices=prices)


def test_so_many_requests_are_on_the_way_at_once(llm: ScriptedLLM, reach: Reach) -> None:
    """The limit of the settings holds."""
    said(reach(llm_concurrency=3), texts(40))

    assert 1 <= llm.most_at_once <= 3


@pytest.mark.parametrize("limit", [{"llm_requests_per_minute": 5}, {"llm_tokens_per_minute": 600}])
def test_the_pace_of_the_server_is_kept(
    llm: ScriptedLLM, reach: Reach, limit: dict[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever the process: requests and tokens of the last minute, here a short one, are counted."""
    monkeypatch.setattr(spending, "MINUTE_S", 0.3)
    started = time.monotonic()
    said(reach(**limit), texts(6))
    said(reach(**limit), texts(12))

    assert llm.answered == 12
    assert time.monotonic() - started >= 0.3


def test_nobody_waits_longer_than_an_answer_is_of_use(llm: ScriptedLLM, reach: Reach) -> None:
    """While a person waits there is one attempt, and it ends in time; kept answers come all the same."""
    client = reach()
    said(client, ["known"])
    llm.always = Fault(slow=True)
    started = time.monotonic()
    with answer_within(0.4):
        assert said(client, ["known"])
        with pytest.raises(NeighbourError):
            said(client, texts(50))

    assert time.monotonic() - started < SLOW_S / 4


def test_the_key_is_neither_logged_nor_kept(
    llm: ScriptedLLM, reach: Reach, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """Not at the lowest level, not in what is raised, not where the server repeats it, not in any file."""
    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    try:
        configure_logging("DEBUG")
        said(reach(), ["a text of somebody"])
        llm.key = "another"
        with pytest.raises(UserError) as refused:
            said(reach(), ["other"])
    finally:
        root.handlers = handlers
        root.setLevel(level)
    logged = "".join(capfd.readouterr())

    assert KEY not in logged + str(refused.value) + repr(refused.value)
    assert "a text of somebody" not in logged
    assert KEY.encode() not in b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())


def test_the_key_may_stand_in_a_file(llm: ScriptedLLM, reach: Reach, tmp_path: Path) -> None:
    """As container secrets do."""
    file = tmp_path / "key"
    file.write_text(f"{KEY}\n")
    said(reach(llm_api_key=SecretStr(""), llm_api_key_file=str(file)), ["a card"])

    assert llm.answered == 1
    with pytest.raises(UserError, match="LABELLOOP_LLM_API_KEY_FILE"):
        said(reach(llm_api_key_file=str(tmp_path / "none")), ["another"])


def test_a_key_file_of_an_editor_is_read_and_one_that_no_header_carries_is_refused(tmp_path: Path) -> None:
    """A byte-order mark is none of the key; letters beyond ASCII or a second line are named before anybody is asked."""
    file = tmp_path / "key"
    settings = LlmSettings(api_key_file=str(file))
    file.write_text(f"\ufeff{KEY}\r\n", "utf-8")
    assert settings.key().get_secret_value() == KEY
    for wrong in ("schlüssel", f"{KEY}\n{KEY}", "密钥"):
        file.write_text(wrong, "utf-8")
        with pytest.raises(UserError, match="LABELLOOP_LLM_API_KEY_FILE") as told:
            settings.key()
        assert wrong not in str(told.value)


def test_a_ledger_that_cannot_be_used_stops_everything(llm: ScriptedLLM, reach: Reach, tmp_path: Path) -> None:
    """No request without its entry."""
    (tmp_path / "data").mkdir(exist_ok=True)
    (tmp_path / "data" / "llm.sqlite").write_bytes(b"this is no database, and never was one" * 50)
    with pytest.raises(NeighbourError, match=r"llm\.sqlite"):
        said(reach(), ["a card"])
    assert llm.answered == 0


def test_who_pays_is_said_around_a_block() -> None:
    """A fit tells nobody of its project; the step that calls it does."""
    with charged_to(12, 3):
        assert current_cost_center() == CostCenter(12, 3)
    assert current_cost_center() == CostCenter()


def test_without_its_package_the_command_that_installs_it_is_told(
    llm: ScriptedLLM, reach: Reach, monkeypatch: pytest.MonkeyPatch
) -> None:
    """LLMs are an extra: a team that asks none need not install the SDK."""
    monkeypatch.setitem(sys.modules, "openai", None)

    with pytest.raises(MissingExtra, match=r'openai is not installed here: run pip install "labelloop\[llm\]"'):
        said(reach(), texts(1))

    assert llm.answered == 0
