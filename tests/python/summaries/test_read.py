import re

import pytest

from experimentos.errors import TableError
from experimentos.summaries import Summary, read_summary

GOOD = "variant,users,conversions,refunds,revenue_sum,revenue_sum_sq\n"
GOOD += "control,100,10,1,50.5,100.25\ntest,110,12,0,60,1e2\n"


@pytest.fixture
def read(tmp_path):
    def read(text, encoding="utf-8"):
        path = tmp_path / "summary.csv"
        path.write_bytes(text.encode(encoding))
        return read_summary(path)

    return read


def test_the_columns_become_counts_and_sums(read):
    summary = read(GOOD)
    assert summary == Summary(
        variants=("control", "test"),
        counts={"users": (100, 110), "conversions": (10, 12), "refunds": (1, 0)},
        sums={"revenue_sum": (50.5, 60.0), "revenue_sum_sq": (100.25, 100.0)},
    )
    assert summary.metrics == ("conversions", "refunds", "revenue")


@pytest.mark.parametrize(
    "change", [str, lambda text: "\ufeff" + text.replace("\n", "\r\n") + "\n\n"]
)
def test_a_spreadsheet_may_have_written_it(read, change):
    assert read(change(GOOD)) == read(GOOD)


def test_labels_are_kept_as_they_are(read):
    text = 'variant,users,conversions\n" a, ""b""\n<i>",1,0\n0,1,1\n'
    assert read(text).variants == (' a, "b"\n<i>', "0")


def row(text):
    return "variant,users,conversions\n" + text


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "is empty. It needs the columns variant, users, conversions"),
        ("variant,users\na,1\nb,1\n", "column `conversions` is missing; there are: variant, users"),
        ("variant;users;conversions\na;1;1\n", "columns must be separated by commas"),
        ("variant,users,conversions,users\n", "column `users` is there 2 times"),
        ("variant,users,conversions,Refunds\n", "column `Refunds` must be lower case"),
        ("variant,users,conversions,a b\n", "column `a b` must be a name"),
        ("variant,users,conversions,\n", "column `` must be a name"),
        ("variant,users,conversions,experiment\n", "one file is one experiment"),
        ("variant,users,conversions,x_sum\n", "column `x_sum` needs `x_sum_sq`"),
        ("variant,users,conversions,x_sum_sq\n", "column `x_sum_sq` needs `x_sum` beside it"),
        (row("a,1,1\n"), "two variants or more, got 1"),
        (row("a,1,1\nb,1\n"), "row 3 has 2 values, the header 3"),
        (row("a,1,1\na,1,1\n"), "variant 'a' is there 2 times"),
        (row("a,1,1\n ,1,1\n"), "a variant has no name"),
        (row("a,1,1\nb,-5,0\n"), "row 3, `users`: a count is not negative, got -5"),
        (row("a,1,1\nb,1.5,0\n"), "row 3, `users`: a count is a whole number, got 1.5"),
        (row("a,1,1\nb,1 000,0\n"), "row 3, `users`: '1 000' is not a number"),
        (row("a,1,1\nb,1_000,0\n"), "'1_000' is not a number"),
        (row("a,1,1\nb,,0\n"), "row 3, `users`: '' is not a number"),
        (row("a,1,1\nb,nan,0\n"), "'nan' is not a number"),
        (row("a,1,1\nb,1e400,0\n"), "1e400 is too large"),
        (row("a,1,1\nb,1e17,0\n"), "1e17 is too large"),
        (row("a,1,1\nb,10,11\n"), "variant 'b': `conversions` is 11, more than its 10 users"),
        (row('a,1,1\nb,"1,0\n'), "is not a CSV file"),
        (GOOD.replace("100.25", "-1"), "a sum of squares is not negative, got -1"),
        (GOOD.replace("100.25", "25"), "`revenue_sum_sq` is 25, but 100 values with the sum 50.5"),
        (GOOD.replace("control,100,10,1", "control,0,0,0"), "`revenue_sum` is 50.5, but it has no"),
    ],
)
def test_each_mistake_is_named(read, text, problem):
    with pytest.raises(TableError, match=re.escape(problem)):
        read(text)


def test_all_mistakes_are_named_at_once(read):
    with pytest.raises(TableError) as caught:
        read(row("a,x,1\nb,-1,y\n"))
    assert len(str(caught.value).splitlines()) == 4


def test_a_file_in_another_encoding_or_none_is_named(read, tmp_path):
    with pytest.raises(TableError, match="is not a CSV file in UTF-8"):
        read(row("é,1,1\n"), encoding="latin-1")
    with pytest.raises(TableError, match="cannot be read: No such file"):
        read_summary(tmp_path / "none.csv")
