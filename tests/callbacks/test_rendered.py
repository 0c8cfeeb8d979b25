"""Rendered figures are those that were looked at: ratio, overlay, fit, marks, edge; `rendered.py` draws them."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import rendered

MOST = 6.0
"""Of 255: what another version of matplotlib or of its fonts may change."""


@pytest.mark.parametrize("name", rendered.CASES)
def test_a_figure_looks_like_the_one_that_was_looked_at(name):
    assert rendered.difference(rendered.drawn(rendered.CASES[name]), rendered.kept(name)) < MOST


@pytest.mark.parametrize("pair", list(itertools.combinations(rendered.CASES, 2)), ids=" and ".join)
def test_the_comparison_tells_the_figures_from_one_another(pair):
    assert rendered.difference(*map(rendered.kept, pair)) > MOST


def without(label):
    """The case `fit` without the line whose label begins so."""

    def case():
        figure = rendered.fit()
        next(line for line in figure.axes[0].lines if line.get_label().startswith(label)).remove()
        return figure

    return case


@pytest.mark.parametrize("label", ["gauss", "det"])
def test_a_curve_that_is_missing_is_seen(label):
    assert rendered.difference(rendered.drawn(without(label)), rendered.kept("fit")) > MOST


def test_pictures_that_are_a_pixel_apart_are_nearly_the_same():
    picture = rendered.kept("fit")
    assert 0 < rendered.difference(picture, np.roll(picture, 1, axis=1)) < 4 * MOST
