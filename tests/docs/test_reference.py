"""What the reference pages say is what the code does: settings, rules, commands, metrics."""

import ast
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command

from labelloop.export.formats import FILES
from labelloop.rules import Rules
from labelloop.settings import Settings
from labelloop.stores.release_schema import LABEL, ORIGIN, SPANS
from ml_backend.metrics import Metrics
from tests.docs.pages import ROOT, code, read, rows
from workers.cli import command_line


def settings_documented() -> dict[str, str]:
    """Return the default of every setting as its row states it."""
    return {row[0].strip("`"): row[1] for row in rows(read("docs/settings.md"), 3) if row[0].startswith("`LABELLOOP_")}


def rules_documented() -> dict[str, str]:
    """Return the default of every rule as its row states it."""
    section = read("docs/settings.md").split("\n## Rules of a project\n")[1]
    return {row[0].strip("`"): row[1] for row in rows(section, 3) if row[0].startswith("`")}


def as_environment(default: Any) -> str:
    """Return a default as one would write it into the environment, in the page's form."""
    plain = default.get_secret_value() if isinstance(default, SecretStr) else default
    text = str(plain).lower() if isinstance(plain, bool) else str(plain)
    return f"`{text}`" if text else "empty"


def commands() -> Iterator[tuple[str, TyperCommand]]:
    """Yield every command of `labelloop` by its full name."""

    def below(group: Any, path: str) -> Iterator[tuple[str, TyperCommand]]:
        for word, command in group.commands.items():
            if isinstance(command, TyperGroup):
                yield from below(command, f"{path} {word}")
            else:
                yield f"{path} {word}", command

    return below(get_command(command_line()), "labelloop")


def test_every_setting_stands_in_the_page_with_its_true_default() -> None:
    """No setting is missing, none is left over, no default is out of date."""
    true = {f"LABELLOOP_{name.upper()}": as_environment(field.default) for name, field in Settings.model_fields.items()}

    assert settings_documented() == true


def test_every_rule_stands_in_the_page_with_its_true_default() -> None:
    """Defaults are written as in the rules file, so a row can be copied into it."""
    said = {
        key: None if default == "unset" else tomllib.loads(f"x = {default.strip('`')}")["x"]
        for key, default in rules_documented().items()
    }

    assert said == Rules().model_dump(mode="json")


def test_every_rules_file_in_the_documentation_is_accepted(tmp_path: Path) -> None:
    """An example that is refused teaches nothing."""
    examples = code(read("docs/settings.md"), "toml")
    for example in examples:
        file = tmp_path / "rules.toml"
        file.write_text(example, "utf-8")

        assert Rules.read(file) != Rules()
    assert examples


@pytest.mark.parametrize("path", [path for path, _ in commands()])
def test_every_command_stands_in_the_page_with_its_example_and_options(path: str) -> None:
    """One row a command: how it is called, what it does, and the example of its --help."""
    command = dict(commands())[path]
    found = [row for row in rows(read("docs/commands.md"), 3) if re.match(rf"`{path}[ `]", row[0])]
    options = {option for each in command.params for option in each.opts if option.startswith("--")}
    example = str(command.epilog).removeprefix("Example: ")

    assert len(found) == 1
    assert set(re.findall(r"--[a-z-]+", found[0][0])) == options
    assert found[0][1]
    assert found[0][2] == f"`{example}`"


def test_no_page_tells_of_a_command_that_does_not_exist() -> None:
    """A command that was removed is removed from the page."""
    told = {re.sub(r" [\[A-Z].*", "", row[0].strip("`")) for row in rows(read("docs/commands.md"), 3)}

    assert {words for words in told if words.startswith("labelloop ")} == {path for path, _ in commands()}


def test_every_metric_stands_in_the_operations_page() -> None:
    """Counters are listed under the names that Prometheus gives them."""
    tree = ast.parse((ROOT / "ml_backend" / "metrics.py").read_text("utf-8"))
    strings = {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)}
    names = {text for text in strings if re.fullmatch(r"labelloop_\w+", text)}
    counters = {family.name for family in Metrics().registry.collect() if family.type == "counter"}
    counters |= {"labelloop_rounds"}  # made when somebody asks
    exported = {f"{metric}_total" if metric in counters else metric for metric in names}
    told = {row[0].strip("`") for row in rows(read("docs/operations.md"), 3) if row[0].startswith("`labelloop_")}

    assert told == exported


def test_every_format_and_column_of_an_export_stands_in_its_page() -> None:
    """A format by its file, the columns in their order and with the words of the schema."""
    page = read("docs/export.md")
    formats = {row[0].strip("`"): row[1].strip("`") for row in rows(page.split("\n## Columns\n")[0], 3)[2:]}
    columns = {row[0].strip("`"): row[1].replace("\\|", "|") for row in rows(page, 2)[2:]}

    assert formats == {name.value: file for name, file in FILES.items()}
    described = [(column.name, column.meaning) for part in (LABEL, SPANS, ORIGIN) for column in part.columns]
    assert list(columns.items()) == described
