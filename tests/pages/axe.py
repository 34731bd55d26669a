"""What axe finds on a page that is open in a browser."""

from typing import TYPE_CHECKING, Any

from axe_playwright_python.sync_playwright import Axe

if TYPE_CHECKING:
    from playwright.sync_api import Page

RULES = {
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    "resultTypes": ["violations"],
}
"""What axe looks for: all that WCAG 2.2 asks at level AA, and more."""
WIDER = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
UNFOLD = "document.querySelectorAll('details').forEach(one => { one.open = true; })"


def unreadable(page: "Page", axe: Axe) -> list[str]:
    """Return what axe finds on an opened page, and whether it is wider than its screen."""
    page.evaluate(UNFOLD)
    too_wide = page.evaluate(WIDER)
    found = [f"{too_wide} px too wide"] if too_wide > 0 else []
    return found + _violations(axe.run(page, options=RULES).response)


def _violations(response: dict[str, Any]) -> list[str]:
    return [
        f"{one['id']} at {' '.join(map(str, node['target']))}: {node['failureSummary']}"
        for one in response["violations"]
        for node in one["nodes"][:3]
    ]
