"""What a piece of code costs at most, measured in a process of its own."""

import json
import subprocess
import sys
from dataclasses import dataclass

_MEASURE = """
import json, resource, sys, time
{before}
def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
started, began = peak(), time.process_time()
{code}
print(json.dumps([peak() - started, time.process_time() - began]))
"""


@dataclass(frozen=True, slots=True)
class Cost:
    """Memory above what was in use before, in MiB, and processor time in seconds."""

    mib: int
    seconds: float


def cost(code: str, before: str = "") -> Cost:
    """Return what the code costs after what comes `before`: its imports and inputs."""
    script = _MEASURE.format(before=before, code=code)
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=300)
    assert ran.returncode == 0, ran.stderr[-2000:]
    return Cost(*json.loads(ran.stdout.splitlines()[-1]))
