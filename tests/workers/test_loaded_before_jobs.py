"""What a worker has loaded before its first job: each job is a fork of it, and would load the same again."""

import subprocess
import sys

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
