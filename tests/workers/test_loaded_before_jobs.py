"""What a worker has loaded before its first job: each job is a fork of it, and would load the same again."""

import ssl
import subprocess
import sys
from pathlib import Path

import pytest

from labelloop import outgoing_requests
from labelloop.settings import Settings
from workers.jobs.app_context import open_context
from workers.jobs.worker import open_once

LOOKS = """
import importlib, sys
from workers.jobs.worker import HEAVY
for module in HEAVY:
    importlib.import_module(module)
before = set(sys.modules)
from sync.api.client import LabelStudio
with LabelStudio("http://127.0.0.1:9", "0" * 40) as studio:
    studio.sdk.projects, studio.sdk.tasks
print(*(name for name in set(sys.modules) - before if name.startswith("label_studio_sdk.types")))
"""


def test_no_job_loads_what_speaks_to_label_studio() -> None:
    """Its SDK builds hundreds of shapes when it is loaded, which would take longer than all else that a job does."""
    ran = subprocess.run([sys.executable, "-c", LOOKS], check=True, capture_output=True, text=True)
    assert not ran.stdout.strip()


def test_no_job_reads_the_authorities_of_tls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Reading them takes longer than most jobs need for all else before they begin."""
    settings = Settings(_env_file=None, data_dir=tmp_path, label_studio_token="0" * 40)
    outgoing_requests._trusting.cache_clear()
    open_once(settings)
    monkeypatch.delattr(ssl, "create_default_context")
    with open_context(settings) as context:
        assert context.label_studio


def test_a_worker_starts_while_the_ledger_is_away() -> None:
    """Its jobs say so, and are tried again."""
    open_once(Settings(_env_file=None, database_url="postgresql+psycopg://127.0.0.1:9/none"))
