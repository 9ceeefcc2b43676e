"""Which rules of axe a page is held to."""

RULES = {
    "runOnly": {
        "type": "tag",
        "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    }
}
"""All of WCAG 2.2 A and AA, those that axe does not run by itself too, and best practice."""
