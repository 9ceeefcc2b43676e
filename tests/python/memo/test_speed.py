"""One memo in less than a second, once a process has written its first."""

from time import process_time

from memo import example_full, examples

from experimentos.memo import read_memos, render_html, render_markdown

SECONDS = 1.0
"""Of the processor: other work on the machine does not count. It takes about a tenth of it."""


def seconds(marts):
    begin = process_time()
    (memo,) = read_memos(examples.fetcher(marts))
    render_markdown(memo)
    render_html(memo)
    return process_time() - begin


def test_the_second_memo_of_a_process_takes_less_than_a_second_from_the_marts():
    """As Markdown and as a page. The first imports SciPy and reads templates and drawings."""
    first, second = (
        examples.united(example_full.full()),
        examples.united(examples.crowded(6, "hold")),
    )
    seconds(first)
    # Another one, so that nothing that is kept of the first makes it faster.
    assert seconds(second) < SECONDS
    assert seconds(first) < SECONDS
