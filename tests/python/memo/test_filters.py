from datetime import UTC, datetime
from html.parser import HTMLParser

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from jinja2 import StrictUndefined, UndefinedError
from markdown_it import MarkdownIt
from markupsafe import Markup
from memo.example_marts import HOSTILE, effect_row

from experimentos.memo import escaping, filters
from experimentos.memo.context import Effect, Finding, MetricUse
from experimentos.memo.html import to_html
from experimentos.memo.marts import to_records

COMMONMARK = MarkdownIt("commonmark").enable(["table", "strikethrough"])


class Cells(HTMLParser):
    """Text of each cell, and every tag met."""

    def __init__(self):
        super().__init__()
        self.cells, self.tags, self.inside = [], set(), False

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        if tag in {"td", "th"}:
            self.cells.append("")
            self.inside = True

    def handle_endtag(self, tag):
        self.inside = self.inside and tag not in {"td", "th"}

    def handle_data(self, data):
        if self.inside:
            self.cells[-1] += data


def parsed(html):
    cells = Cells()
    cells.feed(html)
    cells.close()
    return cells


def visible(text):
    """What a reader should see of a text: one line, controls replaced, isolates around it."""
    line = " ".join(text.split())
    return "".join("\ufffd" if escaping.hides(character) else character for character in line)


def shown(cell):
    return cell.strip("\u2068\u2069").replace("\u2060", "")


hostile = st.one_of(
    st.text(max_size=40),
    st.text(alphabet="|\\`*_{}[]()<>#+-.!~$&:/@ \n\t=1aw", max_size=25),
    st.sampled_from(sorted(HOSTILE.values())).filter(lambda text: len(text) < 1000),
)


@settings(deadline=None)
@given(hostile)
@example("[a](javascript:alert(1))")
@example("\\|")
@example("<script>alert(1)</script>")
@example("&lt;b&gt;")
@example("`a|b`")
@example("a\u2068b")
@example("wzxhzdk:0")
def test_any_text_is_one_cell_that_shows_it_to_both_readers_of_markdown(text):
    table = f"| Name | Next |\n| :--- | ---: |\n| {escaping.escape(text)} | 1 |\n"
    for html in (COMMONMARK.render(table), to_html(table)):
        page = parsed(html)
        assert page.tags <= {"div", "table", "thead", "tbody", "tr", "th", "td"}
        assert [shown(cell) for cell in page.cells] == ["Name", "Next", shown(visible(text)), "1"]


@settings(deadline=None)
@given(hostile)
@example("1. one")
@example("# title")
@example("- item")
@example("> quote")
@example("***")
@example("---")
@example("===")
@example("[1]: https://example.com")
def test_any_text_is_a_paragraph_to_both_readers_of_markdown(text):
    paragraph = f"{escaping.escape(text)}\n"
    for html in (COMMONMARK.render(paragraph), to_html(paragraph)):
        assert parsed(html).tags <= {"p"}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
def test_a_name_stays_short_and_on_one_line(text):
    assert "\n" not in filters.name(text)
    assert len(visible(text)[: filters.NAME_LENGTH]) <= filters.NAME_LENGTH
    assert len(filters.name(text)) < 8 * filters.NAME_LENGTH


def test_long_names_that_differ_at_the_end_are_told_apart():
    assert filters.name("a" * 10_000 + "x") != filters.name("a" * 10_000 + "y")


def test_text_from_right_to_left_keeps_to_itself_and_cannot_turn_what_follows():
    assert escaping.escape("ניסוי") == "\u2068ניסוי\u2069"
    assert escaping.escape("a\u202eb") == "a\ufffdb"


def test_addresses_and_mentions_are_not_linked():
    assert "://" not in escaping.escape("see https://example.com")
    assert "www." not in escaping.escape("see WWW.example.com and www.example.com")
    assert "@team" not in escaping.escape("ask @team")
    assert escaping.escape("a@example.com") == "a@example.com"


def test_words_joined_by_underscores_stay_readable():
    assert escaping.escape("one_page_checkout") == "one_page_checkout"
    assert "_" not in escaping.escape("__init__")


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (0.0, "< 0.0001"),
        (1e-300, "< 0.0001"),
        (0.00009, "< 0.0001"),
        (0.0001, "0.0001"),
        (0.02504, "0.0250"),
        (0.18988, "0.1899"),
        (0.99999, "1"),
        (1.0, "1"),
        (None, "not shown"),
    ],
)
def test_a_p_value_is_never_0(value, expected):
    assert filters.p_value(value) == expected


def test_a_p_value_in_a_sentence_has_its_sign():
    assert filters.p_claim(0.0) == "p < 0.0001"
    assert filters.p_claim(0.03) == "p = 0.0300"
    assert filters.p_claim(None) == "p not shown"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (0.05, "0.05"),
        (0.025, "0.025"),
        (1840.2, "1,840"),
        (0.1 + 0.2, "0.3"),
        (1e15, "1e15"),
        (-12.3456, "−12.35"),
        (0.0000045, "0.0000045"),
        (1e-9, "1e-9"),
        (-0.0, "0"),
        (None, "not shown"),
    ],
)
def test_numbers_have_four_significant_digits(value, expected):
    assert filters.number(value) == expected


@pytest.mark.parametrize(
    ("value", "expected"), [(0.8, "80%"), (1 / 3, "33.33%"), (0.000181, "0.0181%"), (2.0, "200%")]
)
def test_a_share_is_a_percentage(value, expected):
    assert filters.percent(value) == expected


def test_a_missing_number_may_be_a_dash_where_it_does_not_apply():
    assert (
        filters.units(None, "–") == filters.number(None, "–") == filters.p_value(None, "–") == "–"
    )


def test_times_show_the_hour_only_where_there_is_one():
    assert filters.day(datetime.fromisoformat("2026-09-01")) == "2026-09-01"
    assert filters.day(datetime.fromisoformat("2026-09-01 14:05")) == "2026-09-01 14:05 UTC"
    assert filters.day(None) == "not dated"


def finding(metric_type="mean", number_format=None, reading="not_shown", **columns):
    row = effect_row("e", "ordered", "t", "success", (0.124, 0.33, 60105), (0.1321, 0.33, 60212))
    (effect,) = to_records(Effect, [row | columns], mart="effects")
    use = MetricUse(
        "e", "ordered", "success", 1, "increase", None, None, None, None, None, None, None,
        metric_type, number_format,
    )  # fmt: skip
    return Finding(effect, use, reading, "not_shown", None, held=None)


def test_proportions_are_percentages_and_their_change_is_in_points():
    proportion = finding("proportion")
    assert filters.value_control(proportion) == "12.40%"
    assert filters.value_treatment(proportion) == "13.21%"
    assert filters.change(proportion) == "+0.81 pp"
    assert filters.interval(proportion) == "+0.38 to +1.24 pp at 97.5%"
    assert filters.lift_interval(proportion) == "+3.09% to +9.97%"


def test_currency_has_two_decimals():
    money = {"value_control": 31.4, "value_treatment": 1231.96, "estimate": 1200.56}
    revenue = finding("mean", "currency", lower=1100.0, upper=1301.12, **money)
    assert filters.value_treatment(revenue) == "1,231.96"
    assert filters.interval(revenue) == "+1,100.00 to +1,301.12 at 97.5%"


def test_change_and_interval_have_the_same_decimals():
    slow = finding(estimate=3.7, lower=-3.3229, upper=10.7233)
    assert (filters.change(slow), filters.interval(slow)) == (
        "+3.70",
        "−3.32 to +10.72 at 97.5%",
    )


def test_a_side_without_a_bound_says_so():
    assert filters.interval(finding(lower=None, upper=2.0)) == "no bound to +2.000 at 97.5%"


@pytest.mark.parametrize(
    ("reading", "expected"), [("withheld", "withheld"), ("not_due", "not due")]
)
def test_nothing_that_could_be_read_is_printed_before_it_may_be(reading, expected):
    held = finding(reading=reading)
    for show in (
        filters.interval, filters.lift_interval, filters.superiority_p, filters.noninferiority_p,
    ):  # fmt: skip
        assert show(held) == expected


def test_an_interval_without_a_level_is_not_shown():
    assert filters.interval(finding(level=None)) == "not shown"
    assert filters.lift_interval(finding(level=None)) == "not shown"


def test_the_last_bits_of_a_sum_change_no_digit():
    for value in (0.1, 31.4159, 1840.25, 1e15 / 3, 7.00005):
        assert filters.number(value) == filters.number(value * (1 + 2e-12))


def test_only_filters_print_numbers():
    with pytest.raises(TypeError, match="through a filter"):
        escaping.finalize(0.1)
    with pytest.raises(TypeError, match="through a filter"):
        escaping.finalize(None)
    with pytest.raises(TypeError, match="through a filter"):
        escaping.finalize(datetime.now(tz=UTC))


def test_an_undefined_value_is_an_error():
    with pytest.raises(UndefinedError):
        escaping.finalize(StrictUndefined(name="x"))


def test_what_a_filter_made_is_left_alone():
    assert escaping.finalize(Markup("&lt;")) == "&lt;"
    assert escaping.finalize("<") == "&lt;"
