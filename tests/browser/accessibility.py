"""Judges the accessibility of a page with axe-core, as the package axe_playwright_python ships it."""

from importlib.resources import files

from playwright.sync_api import Page

STANDARDS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]

# Findings that Django's admin and its scripts bring, as (rule, elements, reason): they are not ours to mend.
UPSTREAM = [
    ("aria-input-field-name", ".select2-container *", "select2 gives its box no name"),
    ("label", ".select2-container *", "select2's search box has no label"),
    ("aria-required-children", ".select2-container *", "select2's list is empty while it loads"),
    ("label-title-only", "#searchbar", "the label of the search box of a list is a picture"),
    ("empty-table-header", ".tabular th.original", "the column for the name of an inline row has no heading"),
    ("aria-prohibited-attr", ".help-tooltip", "the help of a box with two lists is a named span"),
]

RUN = """async ([standards, upstream]) => {
    // Preloading would fetch what style sheets import, from wrong addresses.
    const options = {runOnly: {type: "tag", values: standards}, resultTypes: ["violations"], elementRef: true,
                     iframes: false, preload: false};
    const {violations} = await axe.run(document, options);
    const isUpstream = (rule, element) => upstream.some(([id, place]) => id === rule && element.matches(place));
    return violations.flatMap(({id, help, nodes}) => nodes
        .filter(({element}) => !isUpstream(id, element))
        .map(({target, failureSummary}) => `${id}: ${help} at ${target.join(" ")}: ${failureSummary}`));
}"""


def find_violations(page: Page) -> list[str]:
    """What breaks WCAG 2.2 A and AA or axe's best practice on the page as it stands, one sentence for each place.

    The findings of UPSTREAM are left out. Wait before calling it until the page is at rest: a color in transition has
    any contrast.
    """
    if not page.evaluate("'axe' in window"):
        page.evaluate(files("axe_playwright_python").joinpath("axe.min.js").read_text(encoding="utf-8"))
    found = page.evaluate(RUN, [STANDARDS, [[rule, place] for rule, place, _ in UPSTREAM]])
    return [" ".join(violation.split()) for violation in found]
