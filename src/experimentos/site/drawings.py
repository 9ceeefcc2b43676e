"""Small drawings beside numbers that are printed too: inline SVG without any text of data."""

from collections.abc import Sequence

from markupsafe import Markup

WIDTH, HEIGHT = 160, 18
_PADDING = 4


def bar(
    lower: float | None,
    estimate: float | None,
    upper: float | None,
    limit: float,
    *,
    tone: str = "even",
    shrunken: float | None = None,
) -> Markup:
    """Draw an interval about a line at 0; what is outside the limits ends in an arrow.

    Parameters
    ----------
    lower, estimate, upper : float or None
        What is drawn; nothing without an estimate.
    limit : float
        Value at the right end; minus it is at the left.
    tone : str
        'good', 'bad' or 'even': what was shown of it.
    shrunken : float, optional
        A second mark, hollow.

    Returns
    -------
    Markup
        Hidden from screen readers: the numbers stand beside it.
    """
    if estimate is None:
        return Markup()
    middle = HEIGHT / 2
    parts = [f'<line class="zero" x1="{WIDTH / 2:g}" x2="{WIDTH / 2:g}" y1="0" y2="{HEIGHT}"/>']
    if lower is not None and upper is not None:
        ends = [_place(lower, limit), _place(upper, limit)]
        parts.append(
            f'<line class="interval" x1="{ends[0]:g}" x2="{ends[1]:g}" y1="{middle:g}" '
            f'y2="{middle:g}"/>'
        )
        for end, value, tip in ((ends[0], lower, -1), (ends[1], upper, 1)):
            if abs(value) > limit and (value > 0) == (tip > 0):
                parts.append(
                    f'<path class="cut" d="M{end:g} {middle - 4:g}l{4 * tip} 4l{-4 * tip} 4z"/>'
                )
    if abs(estimate) <= limit:
        place = _place(estimate, limit)
        parts.append(f'<circle class="estimate" cx="{place:g}" cy="{middle:g}" r="3.5"/>')
    if shrunken is not None and abs(shrunken) <= limit:
        place = _place(shrunken, limit)
        parts.append(f'<circle class="shrunken" cx="{place:g}" cy="{middle:g}" r="3.5"/>')
    return _svg(WIDTH, HEIGHT, parts, f"bar {tone}")


def columns(counts: Sequence[int], *, width: int = 28, height: int = 96) -> Markup:
    """Draw counts as columns.

    Parameters
    ----------
    counts : sequence of int
        From left to right.
    width : int
        Of a column with its gap.
    height : int
        Of the largest.

    Returns
    -------
    Markup
        Hidden from screen readers: the counts stand in a table.
    """
    most = max(counts, default=0)
    if not most:
        return Markup()
    parts = []
    for position, count in enumerate(counts):
        tall = round(height * count / most, 1)
        parts.append(
            f'<rect x="{position * width + 2}" y="{height - tall:g}" width="{width - 4}" '
            f'height="{tall:g}" rx="2"/>'
        )
    return _svg(width * len(counts), height, parts, "columns")


def _place(value: float, limit: float) -> float:
    inside = max(-1.0, min(1.0, value / limit))
    return round(WIDTH / 2 + inside * (WIDTH / 2 - _PADDING), 1)


def _svg(width: int, height: int, parts: Sequence[str], kind: str) -> Markup:
    head = (
        f'<svg class="{kind}" width="{width}" height="{height}" viewBox="0 0 {width} {height}" '
        'aria-hidden="true" focusable="false">'
    )
    return Markup(head + "".join(parts) + "</svg>")  # noqa: S704 -- numbers only
