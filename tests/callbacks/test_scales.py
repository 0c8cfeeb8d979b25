"""How values become colours and heights in matplotlib."""

from __future__ import annotations

from typing import get_args

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from beamshell.callbacks.scales import colours, set_heights
from beamshell.views.scales import Scale, value_range

VALUES = np.array([np.nan, -np.inf, -10.0, 0.0, 1e-9, 1000.0, np.inf])


@pytest.mark.parametrize(
    ("scale", "ends"),
    [("linear", (-10, 1000)), ("log", (1e-9, 1000)), ("symmetric", (-1000, 1000)), ("symlog", (-1000, 1000))],
)
def test_the_ends_of_a_scale_are_those_of_its_finite_values(scale, ends):
    assert value_range(VALUES, scale) == ends
    norm = colours(VALUES, scale)["norm"]
    assert (norm.vmin, norm.vmax) == ends


def test_a_value_that_a_log_scale_cannot_show_has_the_darkest_colour_and_a_missing_one_none():
    norm = colours(VALUES, "log")["norm"]
    shown = norm(np.ma.masked_invalid([0.0, -5.0, 1000.0, np.nan]))
    assert shown[:3].tolist() == [0.0, 0.0, 1.0]
    assert shown.mask.tolist() == [False, False, False, True]


@pytest.mark.parametrize("scale", get_args(Scale))
@pytest.mark.parametrize("values", [[], [0.0], [-3.0], [5.0, 5.0], [np.nan, np.inf], [-1e30, 1e30], [1e-12, 1e12]])
def test_every_scale_draws_any_values(scale, values):
    figure = Figure()
    canvas = FigureCanvasAgg(figure)
    ax = figure.subplots()
    ax.plot(values)
    set_heights(ax, np.array(values), scale)
    low, high = ax.get_ylim()
    assert low < high
    canvas.draw()
