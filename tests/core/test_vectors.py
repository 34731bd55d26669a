"""The cache of vectors: each text is encoded once, and the cache may fail at any time."""

import multiprocessing
import os
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from structlog.testing import capture_logs

from labelloop.encoders.base import Vectors
from labelloop.encoders.vectors import CachedEncoder
from labelloop.testing import BagOfWords

TEXTS = ["Where is my card?", "我的卡在哪里?", "أين بطاقتي؟", "🎉🎉", "", "card \ud83d lost", "Where is my card?"]


class Counting:
    """An encoder that remembers what it was asked."""

    def __init__(self) -> None:
        self.inner = BagOfWords()
        self.asked: list[str] = []

    @property
    def digest(self) -> str:
        return self.inner.digest

    @property
    def source(self) -> str:
        return self.inner.source

    def __call__(self, texts: Sequence[str]) -> Vectors:
        self.asked.extend(texts)
        return self.inner(texts)


def test_each_text_is_encoded_once_even_after_a_restart(tmp_path: Path) -> None:
    """Memory serves the same process, the file the next one."""
    first, second = Counting(), Counting()
    cached = CachedEncoder(first, tmp_path)
    vectors = cached(TEXTS)
    cached(TEXTS)
    cached.close()
    restarted = CachedEncoder(second, tmp_path)

    np.testing.assert_array_equal(restarted(TEXTS), vectors)
    np.testing.assert_array_equal(vectors, BagOfWords()(TEXTS))
    assert sorted(first.asked) == sorted(set(TEXTS))
    assert second.asked == []
    restarted.close()


def test_texts_that_differ_only_in_case_or_space_keep_their_own_vectors() -> None:
    """The key is the exact text."""
    counting = Counting()
    CachedEncoder(counting, None)(["Card", "card", "card "])

    assert sorted(counting.asked) == ["Card", "card", "card "]


def test_memory_is_bounded_and_keeps_what_was_used_last() -> None:
    """The oldest vector goes first."""
    counting = Counting()
    cached = CachedEncoder(counting, None, remember=2)
    for text in ["a", "b", "a", "c", "a", "b"]:
        cached([text])

    assert counting.asked == ["a", "b", "c", "b"]


def test_long_pools_report_progress() -> None:
    """Every few hundred texts, up to all of them."""
    seen: list[tuple[int, int]] = []
    CachedEncoder(BagOfWords(), None)(
        [f"text {n}" for n in range(1200)], lambda done, total: seen.append((done, total))
    )

    assert seen == [(512, 1200), (1024, 1200), (1200, 1200)]


def test_a_damaged_file_is_replaced(tmp_path: Path) -> None:
    """A cache is never worth an error."""
    counting = Counting()
    cached = CachedEncoder(counting, tmp_path)
    cached(["a"])
    cached.close()
    (file,) = tmp_path.glob("vectors-*.sqlite")
    file.write_bytes(b"this is no database" * 1000)

    with capture_logs() as logs:
        again = CachedEncoder(counting, tmp_path)
        again(["a", "b"])
        again(["c"])
        again.close()
        kept = CachedEncoder(counting, tmp_path)
        kept(["c"])
        kept.close()

    assert counting.asked == ["a", "a", "b", "c"]
    assert [log["event"] for log in logs] == ["vector_cache_damaged"]


def test_without_a_place_to_write_it_works_and_says_so_once(tmp_path: Path) -> None:
    """A full or read-only disk costs speed, not answers."""
    (tmp_path / "cache").write_text("a file where the folder should be")
    cached = CachedEncoder(BagOfWords(), tmp_path / "cache", remember=0)

    with capture_logs() as logs:
        vectors = [cached(["a"]), cached(["a"]), cached(["b"])]

    np.testing.assert_array_equal(vectors[0], vectors[1])
    assert [log["event"] for log in logs] == ["vector_cache_unavailable"]


def test_a_full_disk_costs_nothing_but_the_cache(tmp_path: Path) -> None:
    """A process that may write no more bytes to files stands in for a full disk."""
    script = (
        "import resource, signal, sys; from pathlib import Path\n"
        "from labelloop.encoders.vectors import CachedEncoder\n"
        "from labelloop.testing import BagOfWords\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (64_000, 64_000))\n"
        "cached = CachedEncoder(BagOfWords(1024), Path(sys.argv[1]), remember=0)\n"
        "for start in (0, 100, 200): print(cached([f'text {n}' for n in range(start, start + 100)]).shape)\n"
    )
    done = subprocess.run([sys.executable, "-c", script, str(tmp_path)], capture_output=True, text=True, check=True)

    assert done.stdout.count("(100, 1024)") == 3
    assert done.stdout.count("vector_cache_unavailable") == 1


def _encode_in_a_process(directory: Path, start: int) -> float:
    cached = CachedEncoder(BagOfWords(), directory)
    total = float(sum(cached([f"text {n}" for n in range(k, k + 50)]).sum() for k in range(start, start + 300, 50)))
    cached.close()
    return total


def test_processes_and_threads_may_share_the_file(tmp_path: Path) -> None:
    """Everyone's vectors are kept, nobody waits for long or fails."""
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(lambda start: _encode_in_a_process(tmp_path, start), [0, 100, 200, 300]))
    with multiprocessing.get_context("spawn").Pool(2) as processes:
        processes.starmap(_encode_in_a_process, [(tmp_path, 400), (tmp_path, 500)])
    (file,) = tmp_path.glob("vectors-*.sqlite")
    connection = sqlite3.connect(file)
    count = connection.execute("SELECT count(*) FROM vector").fetchone()[0]
    connection.close()

    assert count == 800


def test_a_process_that_was_forked_goes_on_with_its_own_connection(tmp_path: Path) -> None:
    """Workers load the encoder once and fork for every job."""
    cached = CachedEncoder(BagOfWords(), tmp_path, remember=0)
    cached(["before"])
    child = os.fork()
    if child == 0:
        cached(["before", "in the child"])
        cached.close()
        os._exit(0)
    _, status = os.waitpid(child, 0)
    cached(["after"])
    cached.close()
    counting = Counting()
    again = CachedEncoder(counting, tmp_path)
    again(["before", "in the child", "after"])
    again.close()

    assert status == 0
    assert counting.asked == []


def test_a_shared_cached_encoder_is_safe_in_threads(tmp_path: Path) -> None:
    """Requests of one server share one cache."""
    cached = CachedEncoder(BagOfWords(), tmp_path, remember=10)
    wanted = BagOfWords()([f"text {n}" for n in range(30)])
    barrier = threading.Barrier(4)

    def ask(_: int) -> bool:
        barrier.wait()
        return all(np.array_equal(cached([f"text {n}" for n in range(30)]), wanted) for _ in range(20))

    with ThreadPoolExecutor(4) as threads:
        assert all(threads.map(ask, range(4)))
    cached.close()
