"""What commands cost before they say anything: seconds of a processor, the least of some runs."""

import argparse
import json
import resource
import subprocess
import sys
from pathlib import Path

LABELLOOP = Path(sys.executable).with_name("labelloop")
USUAL = ("--help", "status", "spending", "doctor")


def main() -> None:
    """Print one figure for each command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("commands", nargs="*", default=USUAL, help="command lines without `labelloop`")
    parser.add_argument("--runs", type=int, default=7)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    measured = {"import sqlalchemy": seconds([sys.executable, "-c", "import sqlalchemy"], options.runs)}
    for line in options.commands:
        measured[f"labelloop {line}"] = seconds([str(LABELLOOP), *line.split()], options.runs)
    if options.json:
        print(json.dumps(measured))
        return
    for line, found in measured.items():
        print(f"{found:6.2f} s  {line}")


def seconds(command: list[str], runs: int) -> float:
    """Return the processor's time that a command takes, the least of the runs, whatever it comes to."""
    return min(_once(command) for _ in range(runs))


def _once(command: list[str]) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


if __name__ == "__main__":
    main()
