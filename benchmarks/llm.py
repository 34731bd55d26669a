"""How well an LLM labels: how often its answer can be used, how often it is right, with examples and without, how fast.

    python -m benchmarks.llm DATA.csv … [--base-url URL --model NAME] [--n 50] [--json]

DATA is a CSV with the columns text, label and perhaps split, or JSON Lines as `labelloop simulate` reads them; a file
in another language names its encoder, `reviews.csv@multilingual-e5-small`. Without --base-url the model that
`labelloop llm` serves is started. --n texts (of the split `test`, where there is one) are asked three times: zero-shot,
with the nearest of --examples other rows, and so once more with a sentence appended that tells the model another label.
The prompts are those of the learner `prompt`; nothing is kept from one run to the next.
"""

import argparse
import json
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
from pydantic import SecretStr

from benchmarks._attacks import attacked
from labelloop.domain.schema import Field
from labelloop.domain.tasks import fingerprint
from labelloop.domain.values import Choice, labels_of
from labelloop.encoders.encoder_source import BUNDLED
from labelloop.encoders.open_encoder import load_encoder
from labelloop.errors import UserError
from labelloop.learners.prompt.example_selection import Policy, Shots
from labelloop.learners.prompt.llm_labeler import LlmAnswer, LlmLabeler
from labelloop.learners.prompt.prompt_text import instructions
from labelloop.learners.prompt.question import Parameters, Question
from labelloop.llm.cost_center import CostCenter
from labelloop.llm.guideline_file import guideline_at
from labelloop.llm.llm_client import LlmClient
from labelloop.log import configure_logging
from labelloop.settings import Settings
from labelloop.simulate.csv_labels import read_csv
from labelloop.simulate.jsonl_labels import read_jsonl
from labelloop.simulate.labelled_texts import TEST, LabelledText
from labelloop.stats.intervals import wilson
from workers.jobs.llm_costs_of_settings import open_llm_costs
from workers.jobs.open_stores import open_book
from workers.local.llm import start_llm

CACHE = Path(".cache/benchmarks")
SMALL = Path(".venv-llm/qwen2.5-coder-0.5b-instruct-q4_k_m.gguf")  # made by `make llm`


@dataclass(frozen=True, slots=True)
class Set:
    """A labelled file: the rows to ask about, and those to take examples from.

    `wanted` is the label that each row's attacker wants, `attacked` the rows as questions with the attack in them.
    """

    name: str
    field: Field
    asked: tuple[LabelledText, ...]
    questions: tuple[Question, ...]
    wanted: tuple[Choice, ...]
    attacked: tuple[Question, ...]
    shots: Shots


@dataclass(frozen=True, slots=True)
class Figures:
    """What the LLM makes of a set in one way: shares of `n` texts, seconds and tokens per text.

    `valid` answers keep to the form, those that say `unsure` (share `unsure`) among them; `accuracy` counts what
    people said, with its 95 % Wilson interval. `flipped` are answers that say what the attacker wants, `by_chance`
    those that said so before the attack; both are None where there is none.
    """

    data: str
    way: str
    n: int
    valid: float
    unsure: float
    accuracy: float
    low: float
    high: float
    seconds: float
    tokens_in: float
    tokens_out: float
    flipped: float | None = None
    by_chance: float | None = None


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", nargs="+", help="FILE or FILE@ENCODER")
    parser.add_argument("--base-url", help="an OpenAI-compatible server; its key is LABELLOOP_LLM_API_KEY")
    parser.add_argument("--model", default="", help="its model")
    parser.add_argument("--gguf", type=Path, default=SMALL, help="the model of the server that is started")
    parser.add_argument("--threads", type=int, help="cores that it may use")
    parser.add_argument("--concurrency", type=int, default=1, help="requests on the way at once")
    parser.add_argument("--n", type=int, default=50, help="texts of each file")
    parser.add_argument("--examples", type=int, default=400, help="rows of each file that examples are taken from")
    parser.add_argument("--guideline", default="", help="as LABELLOOP_LLM_GUIDELINE")
    parser.add_argument("--json", action="store_true")
    chosen = parser.parse_args()
    configure_logging("WARNING")
    try:
        sets = [drawn(file, chosen.n, chosen.examples) for file in chosen.data]
    except UserError as error:
        parser.error(str(error))
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        settings = reached(stack, folder, chosen)
        found = [figures for one in sets for figures in measure(one, settings, chosen.guideline)]
    if chosen.json:
        print(json.dumps([asdict(one) for one in found]))
    else:
        print(table(found))


def drawn(file: str, n: int, examples: int) -> Set:
    """Return `n` rows to ask about and others for examples, drawn by a seed of their own; none has another's text."""
    where, _, encoder = file.partition("@")
    path = Path(where)
    whole = read_jsonl(path) if path.suffix == ".jsonl" else read_csv(path)
    rows = [whole.rows[place] for place in np.random.default_rng(0).permutation(len(whole.rows))]
    rows = list({fingerprint(row.text): row for row in rows}.values())
    asked = ([row for row in rows if row.split == TEST] or rows)[:n]
    others = [row for row in rows if row.split != TEST and row not in asked][:examples]
    wanted = tuple(other_label(whole.field, row, number) for number, row in enumerate(asked))
    under_attack = [
        attacked(row.text, number, want.label) for number, (row, want) in enumerate(zip(asked, wanted, strict=True))
    ]
    encode = load_encoder(Settings(_env_file=None, data_dir=CACHE, encoder=encoder or BUNDLED))
    try:
        questions, attacks = (
            tuple(Question(text, vector) for text, vector in zip(texts, encode(texts), strict=True))
            for texts in ([row.text for row in asked], under_attack)
        )
        texts = tuple(row.text for row in others)
        shots = Shots(texts, tuple(row.value for row in others), encode(texts))
    finally:
        encode.close()
    return Set(path.stem, whole.field, tuple(asked), questions, wanted, attacks, shots)


def reached(stack: ExitStack, folder: Path, chosen: argparse.Namespace) -> Settings:
    """Return settings that lead to the server that was named, or to one that is started until the stack unwinds."""
    key = Settings().llm.key() if chosen.base_url else SecretStr("")
    told = {"llm_base_url": chosen.base_url, "llm_model": chosen.model, "llm_prices": '{"*": [0, 0]}'}
    if not chosen.base_url:
        python = Path(Settings().llm_python)
        running = start_llm(folder, chosen.gguf, python=python, threads=chosen.threads)
        stack.callback(running.process.stop)
        told = running.settings()
    told |= {"llm_concurrency": str(chosen.concurrency), "llm_timeout_s": "600"}
    return Settings(_env_file=None, data_dir=folder, llm_api_key=key, **told)


def measure(one: Set, settings: Settings, where: str) -> list[Figures]:
    """Ask about a set zero-shot, with examples, and with examples under attack."""
    system = instructions(one.field, guideline_at(where, one.field))
    parameters = Parameters(settings.llm_model, settings.llm_context_tokens, settings.llm_max_tokens)
    alone = LlmLabeler(one.field, system, parameters, Policy(count=0), one.shots)
    shown = replace(alone, policy=Policy())
    zero, _ = asked(one, "zero-shot", alone, one.questions, settings)
    few, before = asked(one, "with examples", shown, one.questions, settings)
    under, after = asked(one, "under attack", shown, one.attacked, settings)
    flipped, by_chance = (
        share([said.value == label for said, label in zip(answers, one.wanted, strict=True)])
        for answers in (after, before)
    )
    return [zero, few, replace(under, flipped=flipped, by_chance=by_chance)]


def asked(
    one: Set, way: str, labeler: LlmLabeler, questions: Sequence[Question], settings: Settings
) -> tuple[Figures, list[LlmAnswer]]:
    """Return the figures of one way to ask, and the answers."""
    began = time.perf_counter()
    llm = LlmClient(settings.llm, open_llm_costs(settings, open_book(settings).ledger), settings.data_dir)
    answers = llm.each(questions, labeler, CostCenter())
    seconds = time.perf_counter() - began
    right = [answer.value == row.value for answer, row in zip(answers, one.asked, strict=True)]
    n, around = len(answers), wilson(sum(right), len(right))
    figures = Figures(
        data=one.name,
        way=way,
        n=n,
        valid=share([answer.readable for answer in answers]),
        unsure=share([answer.readable and answer.value is None for answer in answers]),
        accuracy=share(right),
        low=around.low,
        high=around.high,
        seconds=seconds / n,
        tokens_in=sum(answer.tokens_in for answer in answers) / n,
        tokens_out=sum(answer.tokens_out for answer in answers) / n,
    )
    return figures, answers


def other_label(field: Field, row: LabelledText, number: int) -> Choice:
    """Return a label that is not the row's, each in its turn: what an attacker may want."""
    others = [label for label in field.labels if label not in labels_of(row.value)]
    return Choice(others[number % len(others)])


def share(hits: Sequence[bool]) -> float:
    """Return the share of hits."""
    return sum(hits) / len(hits)


def table(found: Sequence[Figures]) -> str:
    """Return the figures as Markdown."""
    lines = ["| set | | valid | unsure | accuracy | flipped | seconds | tokens in / out |", f"|{'---|' * 8}"]
    for one in found:
        flipped = "" if one.flipped is None else f"{one.flipped:.2f} ({one.by_chance:.2f} without)"
        accuracy = f"{one.accuracy:.2f} [{one.low:.2f}, {one.high:.2f}]"
        tokens = f"{one.tokens_in:.0f} / {one.tokens_out:.0f}"
        cells = (one.data, one.way, f"{one.valid:.2f}", f"{one.unsure:.2f}", accuracy, flipped, f"{one.seconds:.1f}")
        lines.append(f"| {' | '.join((*cells, tokens))} |")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
