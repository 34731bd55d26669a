"""The house is kept in order: small modules, and a name of a module that leads to one place."""

from collections import Counter
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGES = ("labelloop", "sync", "workers", "ml_backend")
MODULES = sorted(
    path.relative_to(ROOT)
    for package in PACKAGES
    for path in (ROOT / package).rglob("*.py")
    if path.parent.name != "versions"  # migrations are named by number
)
SAME_ROLE = {"__init__.py", "base.py", "learner.py", "model.py", "fit.py"}
"""What each learner (or kind of plug-in) has of its own, under the same name in each package."""


def test_no_module_has_more_than_300_lines() -> None:
    """A longer one is about more than one thing."""
    lines = {str(module): len((ROOT / module).read_text("utf-8").splitlines()) for module in MODULES}
    assert {module: count for module, count in lines.items() if count > 300} == {}


def test_no_two_modules_share_a_name_but_a_command_and_what_it_shows() -> None:
    """Going to a module by its name is no lottery; `workers/cli/x.py` may be the command for `x`."""
    named = [module for module in MODULES if module.name not in SAME_ROLE and module.parent != Path("workers/cli")]
    twice = {name for name, count in Counter(module.name for module in named).items() if count > 1}
    assert [str(module) for module in named if module.name in twice] == []
