"""Pictures of every page of made-up projects, without Label Studio: `make screenshots`.

    python -m tests.pages.take_pictures [FOLDER] [--docs]

With `--docs` those that the documentation shows are taken, into docs/pictures.
"""

import argparse
import io
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image
from playwright.sync_api import sync_playwright

from tests.conftest import CHROMIUM, CHROMIUM_FLAGS
from tests.pages.every_page import every_page, first_minute, open_page
from tests.pages.served_pages import served_pages
from tests.pages.showroom_words import CHINESE, ENGLISH, Words

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs" / "pictures"
IN_DOCS = ("project", "quality", "disputes", "people", "versions", "release")
WIDTH_IN_DOCS, TALLEST = 1000, 1128
"""In pixels: how wide a picture of the documentation is, and where it ends."""
COLOURS = 128


@dataclass(frozen=True)
class Look:
    """How pages are looked at: `name` is the folder of the pictures."""

    name: str
    language: str
    scheme: str
    width: int

    @property
    def words(self) -> Words:
        """Return what the projects are about."""
        return CHINESE if self.language == "zh" else ENGLISH


LOOKS = (
    Look("desk-light-en", "en", "light", 1280),
    Look("desk-light-zh", "zh", "light", 1280),
    Look("phone-dark-en", "en", "dark", 390),
)


def main() -> None:
    """Take the pictures, and say where they are."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, nargs="?", default=ROOT / "build" / "screenshots")
    parser.add_argument("--docs", action="store_true", help="take those of docs/pictures anew")
    given = parser.parse_args()
    folder: Path = DOCS if given.docs else given.folder
    count = take_docs(folder) if given.docs else take_all(folder)
    sys.stdout.write(f"{count} pictures in {folder}\n")


def take_all(folder: Path) -> int:
    """Take a picture of every page as each of the looks has it; return how many."""
    count = 0
    with _browser() as browser:
        for look in LOOKS:
            (folder / look.name).mkdir(parents=True, exist_ok=True)
            for name, page in _opened(browser, look, first_minute() | every_page(look.words)):
                page.screenshot(path=folder / look.name / f"{name}.png", full_page=True)
                count += 1
    return count


def take_docs(folder: Path) -> int:
    """Take the pictures that the documentation shows, in English and Chinese, as small as they stay legible."""
    folder.mkdir(parents=True, exist_ok=True)
    count = 0
    with _browser() as browser:
        for look in (replace(one, width=WIDTH_IN_DOCS) for one in LOOKS[:2]):
            paths = {name: path for name, path in every_page(look.words).items() if name in IN_DOCS}
            for name, page in _opened(browser, look, paths):
                ending = ".zh-CN" if look.language == "zh" else ""
                (folder / f"{name}{ending}.png").write_bytes(_small(page.screenshot(full_page=True)))
                count += 1
    return count


def _opened(browser: "Browser", look: Look, paths: dict[str, str]) -> "Iterator[tuple[str, Page]]":
    """Yield each of the pages by name, one after the other in one window."""
    with (
        tempfile.TemporaryDirectory() as temporary,
        served_pages(Path(temporary), look.words) as served,
    ):
        viewport = {"width": look.width, "height": 600}
        context = served.visit(browser, viewport=viewport, color_scheme=look.scheme)
        page = context.new_page()
        for name, path in paths.items():
            open_page(page, name, path, look.language)
            yield name, page
        context.close()


@contextmanager
def _browser() -> "Iterator[Browser]":
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, headless=True, args=list(CHROMIUM_FLAGS))
        yield chromium
        chromium.close()


def _small(png: bytes) -> bytes:
    """Return a picture with few colours, cut off below."""
    whole = Image.open(io.BytesIO(png)).convert("RGB")
    cut = whole.crop((0, 0, whole.width, min(whole.height, TALLEST)))
    file = io.BytesIO()
    cut.quantize(COLOURS, dither=Image.Dither.NONE).save(file, "PNG", optimize=True)
    return file.getvalue()


if __name__ == "__main__":
    main()
