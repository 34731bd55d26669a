"""A llama.cpp server in an environment of its own: `python llama_server.py PORT THREADS CONTEXT GGUF`.

Needs the standard library and xllamacpp alone: nothing of ours is installed beside it.
"""

import sys
from pathlib import Path
from threading import Event


def main(port: int, threads: int, context: int, gguf: Path) -> None:
    """Serve on 127.0.0.1 until the process is told to end; the model is called as its file, without the ending."""
    import xllamacpp

    params = xllamacpp.CommonParams()
    params.model.path = str(gguf)
    params.model_alias = {gguf.stem}
    params.port, params.n_ctx, params.n_parallel = port, context, 1
    for pool in (params.cpuparams, params.cpuparams_batch):
        pool.n_threads = threads
    # Prompts are other people's texts: they are neither listed under /slots nor logged, and no web page may ask.
    params.endpoint_slots, params.ui, params.verbosity = False, False, 1
    params.cors_origins, params.cors_credentials = f"http://127.0.0.1:{port}", False
    server = xllamacpp.Server(params)
    print(f"{gguf.stem} answers at {server.listening_address}/v1 (threads: {threads})", flush=True)  # noqa: T201
    Event().wait()


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), Path(sys.argv[4]))
