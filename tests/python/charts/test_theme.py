"""Colours that everyone can tell apart, on every background."""

from itertools import combinations

import numpy as np
import pytest

from experimentos.charts import DARK, LIGHT, PAGE, THEMES
from experimentos.charts.theme import SHAPES

# Machado, Oliveira and Fernandes (2009), IEEE Transactions on Visualization and Computer Graphics
# 15, 1291-1298, table 1, severity 1.0: matrices on linear RGB.
BLINDNESS = {
    "none": np.eye(3),
    "protanopia": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "deuteranopia": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
    "tritanopia": [
        [1.255528, -0.076749, -0.178779],
        [-0.078411, 0.930809, 0.147602],
        [0.004733, 0.691367, 0.303900],
    ],
}
TO_XYZ = [
    [0.4124564, 0.3575761, 0.1804375],
    [0.2126729, 0.7151522, 0.0721750],
    [0.0193339, 0.1191920, 0.9503041],
]


def linear(colour):
    shown = np.array([int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)])
    return np.where(shown <= 0.04045, shown / 12.92, ((shown + 0.055) / 1.055) ** 2.4)


def contrast(one, other):
    low, high = sorted(float(np.dot(TO_XYZ[1], linear(colour))) for colour in (one, other))
    return (high + 0.05) / (low + 0.05)


def lab(colour, blindness):
    xyz = TO_XYZ @ np.clip(np.asarray(BLINDNESS[blindness]) @ linear(colour), 0, 1)
    ratio = xyz / (np.sum(TO_XYZ, axis=1))
    f = np.where(ratio > (6 / 29) ** 3, np.cbrt(ratio), ratio / (3 * (6 / 29) ** 2) + 4 / 29)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=lambda theme: theme.name)
def test_marks_and_texts_stand_out_from_the_page(theme):
    for colour in (*theme.categories, *(getattr(theme, state) for state in SHAPES)):
        assert contrast(colour, theme.page) >= 3, colour
    for colour in (theme.ink, theme.soft):
        assert contrast(colour, theme.page) >= 4.5, colour


@pytest.mark.parametrize("blindness", BLINDNESS)
@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=lambda theme: theme.name)
def test_variants_are_told_apart_by_colour_alone(theme, blindness):
    for one, other in combinations(theme.categories, 2):
        distance = np.linalg.norm(lab(one, blindness) - lab(other, blindness))
        # 2.3 is a just noticeable difference (Mahy, Van Eycken and Oosterlinck 1994).
        assert distance > 5 * 2.3, (one, other, distance)


def test_judgements_have_shapes_of_their_own():
    assert len(set(SHAPES.values())) == len(SHAPES)


@pytest.mark.parametrize("theme", THEMES.values(), ids=THEMES)
def test_a_theme_sets_every_style_that_a_chart_asks_for(theme):
    assert set(SHAPES) <= set(theme.config["style"])
    assert theme.config["range"]["category"] == list(theme.categories)


def test_a_page_colours_charts_by_its_style_sheet():
    assert PAGE.ink == "var(--chart-ink, #1b1f24)"
    assert PAGE.categories[1] == "var(--chart-category-2, #d55e00)"
    named = {f"var({name}, {colour})" for name, colour in LIGHT.css().items()}
    assert {PAGE.ink, PAGE.good, *PAGE.categories} <= named
    assert DARK.css().keys() == LIGHT.css().keys()
