"""`labelloop demo --llm`: a small LLM on this machine answers before the first label, then competes as `prompt`."""

import time
from collections.abc import Callable
from pathlib import Path

from rich.console import Console

from labelloop.domain.loop import next_step
from labelloop.domain.records import Evaluation, Fit
from labelloop.errors import NeighbourError
from labelloop.rules import Rules
from labelloop.settings import Settings
from labelloop.steps.background import untuned
from labelloop.steps.project import ProjectView
from workers.local.llm import start_llm
from workers.local.processes import free_port
from workers.local.stack import Stack

PORT, TASKS, MONITOR = 8081, 300, 60
# A prompt with the few nearest examples is read in a second or two; with twelve it would take ten on two cores.
SHORT = {"llm_context_tokens": "768", "llm_max_tokens": "64", "llm_refine": "false"}
DEADLINE_S = 3600.0
POLL_S = 0.5


def settings_with_llm(stack: Stack, directory: Path, console: Console) -> Settings:
    """Start the LLM and return settings that lead to it; nothing it does costs money."""
    base, port = Settings(_env_file=None), free_port(PORT)
    with console.status("Starting the LLM (its first start puts the model together)"):
        running = stack.start(lambda: start_llm(directory / "logs", python=Path(base.llm_python), port=port))
    return Settings(_env_file=None, **{**base.model_dump(include=base.model_fields_set), **running.settings(), **SHORT})


def with_prompt(rules: Rules) -> Rules:
    """Return the rules with `prompt` as one more learner, and with fewer audit tasks, each of which it is asked."""
    return rules.model_copy(update={"learners": (*rules.learners, "prompt"), "monitor_size": MONITOR})


def wait_for_first_answers(view: ProjectView, stack: Stack, console: Console) -> None:
    """Wait until the LLM has answered the head of the queue and its answers are what people see, and say so."""
    if view.last_round is not None:
        return
    with console.status("The LLM answers the first tasks, of which nobody has labelled any"):
        _wait(view, stack, lambda: bool(view.ledger.all(Fit, view.id, round_number=0)))
    for fit in view.ledger.all(Fit, view.id, round_number=0):
        said = f"{fit.version} ({fit.learner}) answers" if fit.version else f"{fit.learner} failed: {fit.failure}"
        console.print(f"Before the first label: {said}.", highlight=False, soft_wrap=True)


def tell_competition(view: ProjectView, stack: Stack, console: Console) -> None:
    """Wait until the LLM is measured on the audit tasks of the last round too, and print who agrees how far."""
    with console.status("The LLM is measured on the same audit tasks; on two cores that takes minutes"):
        _wait(view, stack, lambda: not untuned(view))
    last = view.last_round
    number = last.number if last else 0
    found = {one.version: one for one in view.ledger.all(Evaluation, view.id, round_number=number)}
    deployed = view.ledger.deployed(view.id)
    for fit in view.ledger.all(Fit, view.id):
        measured = found.get(fit.version)
        if measured is None and fit.round_number != number:
            continue
        serves = " ▶ serves" if deployed and deployed.version == fit.version else ""
        console.print(f"  {fit.learner:8} {_figures(fit, measured)}{serves}", highlight=False, soft_wrap=True)


def _figures(fit: Fit, measured: Evaluation | None) -> str:
    if measured is None or measured.agreement is None:
        return fit.failure or (measured.failure if measured else "") or f"{fit.version}: too few audit tasks"
    interval = f"{measured.agreement:.2f} [{measured.agreement_low:.2f}, {measured.agreement_high:.2f}]"
    return f"{fit.version} agrees with people {interval}, {measured.ms_per_text:.0f} ms a text"


def _wait(view: ProjectView, stack: Stack, done: Callable[[], bool]) -> None:
    deadline = time.monotonic() + DEADLINE_S
    while not done() or next_step(view.progress()) is not None:
        stack.mend()
        if time.monotonic() > deadline:
            raise NeighbourError("The LLM does not get on: see llm.log and background-worker.log in the demo's logs.")
        time.sleep(POLL_S)
