"""The text templates that ship with Label Studio, and the table of what is looped of each in the docs.

`python -m tests.sync.annotation_templates` writes the table into docs/controls.md.
"""

import xml.etree.ElementTree as ET
from dataclasses import dataclass
from pathlib import Path

import yaml

from labelloop.domain.schema import LabelSchema
from sync.config.label_config import parse
from tests.conftest import LABEL_STUDIO, ROOT

PAGE = ROOT / "docs" / "controls.md"
BEGIN, END = "<!-- templates: begin -->", "<!-- templates: end -->"
NO_TEXT = {"audio", "audioplus", "image", "pdf", "timeseries", "video"}


@dataclass(frozen=True)
class Template:
    """A template as a person picks it: `title` in its `group`, the name of its folder, its configuration."""

    name: str
    group: str
    title: str
    label_config: str

    @property
    def schema(self) -> LabelSchema:
        """Return what is looped of it, and why the rest is not."""
        return parse(self.label_config)

    @property
    def tags(self) -> set[str]:
        """Return all tags, in small letters."""
        return {element.tag.lower() for element in ET.fromstring(self.label_config).iter()}


def text_templates() -> list[Template]:
    """Return the templates without pictures, sound, video, time series and PDF, in the order of their folders."""
    (folder,) = LABEL_STUDIO.parents[1].glob("lib/python*/site-packages/label_studio/annotation_templates")
    found = (_template(path) for path in sorted(folder.glob("*/*/config.yml")))
    return [template for template in found if not template.tags & (NO_TEXT | {"ocrlabels"})]


def table() -> str:
    """Return the table as Markdown: a row for each template, its fields by kind, and why other controls are none."""
    rows = ["| template | looped | not looped, and why |", "|---|---|---|"]
    for template in text_templates():
        schema = template.schema
        looped = ", ".join(f"`{field.name}` ({field.kind_in_words})" for field in schema.fields)
        others = "<br>".join(f"`{name}`: {why}" for name, why in _grouped(schema.not_learnable).items())
        rows.append(f"| {template.group}: {template.title} | {looped} | {others} |")
    return "\n".join(rows)


def written(page: str) -> str:
    """Return the page with the table as it is now."""
    before, _, rest = page.partition(BEGIN)
    return f"{before}{BEGIN}\n{table()}\n{END}{rest.partition(END)[2]}"


def _template(path: Path) -> Template:
    about = yaml.safe_load(path.read_text("utf-8"))
    return Template(path.parent.name, about["group"], about["title"], about["config"])


def _grouped(reasons: tuple[str, ...]) -> dict[str, str]:
    """Return the reasons by the names of the controls that share them."""
    names: dict[str, list[str]] = {}
    for reason in reasons:
        name, _, why = reason.partition(": ")
        names.setdefault(why, []).append(name)
    return {"`, `".join(those): why for why, those in names.items()}


if __name__ == "__main__":
    PAGE.write_text(written(PAGE.read_text("utf-8")), "utf-8")
