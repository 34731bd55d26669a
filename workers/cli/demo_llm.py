"""`labelloop demo --llm`: an LLM on this machine answers before the first label, then competes as `prompt`."""

import time
from collections.abc import Callable
from pathlib import Path

from rich.console import Console

from labelloop.domain.lookup import matching
from labelloop.domain.next_step import next_step
from labelloop.domain.records import Evaluation, Fit
from labelloop.errors import NeighbourError
from labelloop.rules import Rules
from labelloop.settings import Settings
from labelloop.state.progress import progress
from labelloop.state.project_state import ProjectState
from labelloop.steps.background_learners import untuned
from workers.local.llm import start_llm
from workers.local.processes import free_port
from workers.local.stack import Stack

PORT, TASKS, MONITOR = 8081, 300, 60
# A prompt with the few nearest examples is read in a second or two; with twelve it would take ten on two cores.
SHORT = {"llm_context_tokens": "768", "llm_max_tokens": "64", "llm_refine": "false"}
DEADLINE_S = 3600.0
STUCK = "The LLM makes no progress: see llm.log and background-worker.log in the demo's logs."
POLL_S = 0.5

Read = Callable[[], ProjectState]


def settings_with_llm(stack: Stack, directory: Path, gguf: Path, console: Console) -> Settings:
    """Start the LLM and return settings that lead to it; nothing it does costs money."""
    base, port = Settings(_env_file=None), free_port(PORT)
    with console.status("Starting the LLM"):
        running = stack.start(lambda: start_llm(directory / "logs", gguf, python=Path(base.llm_python), port=port))
    return Settings(_env_file=None, **{**base.model_dump(include=base.model_fields_set), **running.settings(), **SHORT})


def with_prompt(rules: Rules) -> Rules:
    """Return the rules with `prompt` as one more learner, and with fewer audit tasks, each of which it is asked."""
    return rules.model_copy(update={"learners": (*rules.learners, "prompt"), "monitor_size": MONITOR})


def wait_for_first_answers(read: Read, stack: Stack, console: Console) -> None:
    """Wait until the LLM has answered the head of the queue and its answers are what people see, and say so."""
    if read().rounds:
        return
    with console.status("The LLM answers the first tasks, of which nobody has labelled any"):
        wait_until(lambda state: bool(matching(state.looped.fits, round_number=0)), read, stack)
    for fit in matching(read().looped.fits, round_number=0):
        outcome = f"{fit.version} ({fit.learner}) answers" if fit.version else f"{fit.learner} failed: {fit.failure}"
        console.print(f"Before the first label: {outcome}.", highlight=False, soft_wrap=True)


def tell_competition(read: Read, stack: Stack, console: Console) -> None:
    """Wait until the LLM is measured on the audit tasks of the last round too, and print who agrees how far."""
    with console.status("The LLM is measured on the same audit tasks; on two cores that takes minutes"):
        wait_until(lambda state: not untuned(state, llm=True), read, stack)
    state = read()
    looped, number = state.looped, state.round_number
    found = {one.version: one for one in matching(looped.evaluations, round_number=number)}
    for fit in looped.fits:
        measured = found.get(fit.version)
        if measured is None and fit.round_number != number:
            continue
        serves = " ▶ serves" if fit.version and looped.deployed_version == fit.version else ""
        console.print(f"  {fit.learner:8} {_figures(fit, measured)}{serves}", highlight=False, soft_wrap=True)


def _figures(fit: Fit, measured: Evaluation | None) -> str:
    if measured is None or measured.agreement is None:
        return fit.failure or (measured.failure if measured else "") or f"{fit.version}: too few audit tasks"
    interval = f"{measured.agreement:.2f} [{measured.agreement_low:.2f}, {measured.agreement_high:.2f}]"
    return f"{fit.version} agrees with people {interval}, {measured.ms_per_text:.0f} ms a text"


def wait_until(
    done: Callable[[ProjectState], bool], read: Read, stack: Stack, deadline_s: float = DEADLINE_S, stuck: str = STUCK
) -> None:
    """Wait until it is done and the next move is people's: the round is decided on and its queue published."""
    deadline = time.monotonic() + deadline_s
    while not done(state := read()) or next_step(progress(state)) is not None:
        stack.repair()
        if time.monotonic() > deadline:
            raise NeighbourError(stuck)
        time.sleep(POLL_S)
