"""The units in `examples/systemd` start what there is, and the pages name each of them."""

import re
import shlex

from tests.docs.pages import ROOT, read
from workers.cli import COMMANDS

UNITS = {path.stem: path.read_text("utf-8") for path in sorted((ROOT / "examples" / "systemd").glob("*.service"))}


def test_every_unit_starts_a_command_that_exists() -> None:
    """A renamed command or option would leave a service that ends at once."""
    known = {one.words for one in COMMANDS}
    started = [re.findall(r"^ExecStart=/opt/labelloop/venv/bin/labelloop (.*)$", text, re.M) for text in UNITS.values()]
    lines = [shlex.split(line) for found in started for line in found]
    assert {words[0] for words in lines} == {"serve", "pages", "worker", "reconcile"} <= known
    assert ["worker", "--background"] in lines


def test_the_pages_name_every_unit_and_no_other() -> None:
    """Who follows the page finds the files."""
    for page in ("docs/without-docker.md", "docs/without-docker.zh-CN.md"):
        assert set(re.findall(r"labelloop-(?!0)[a-z-]+[a-z](?=[` .])", read(page))) <= set(UNITS), page
        assert all(name in read(page) for name in UNITS), page
