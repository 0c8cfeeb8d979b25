"""Fits of a run by the word of a model, and the marks that they leave in its plot."""

from __future__ import annotations

import numpy as np
import pytest

from beamshell.errors import NoFit
from beamshell.views.marks import Mark, Marks
from beamshell.views.peaks import RunPeaks
from beamshell.views.run_fit import WORDS, first_fit, mark_of

X = np.linspace(-1, 1, 41)
BELL = 20 + 5000 * np.exp(-(((X - 0.3) / 0.2) ** 2))


@pytest.fixture
def points(make_run):
    """The points of a scan with these values."""

    def points(**values):
        documents = make_run(["th"], list(values), list(zip(X, *values.values(), strict=True)))
        peaks = RunPeaks(documents[0][1])
        peaks.take(documents)
        return peaks

    return points


def test_the_first_value_that_shows_such_a_thing_is_fitted(points):
    run = points(flat=0 * X + 7, slope=X, det=BELL)
    fit = first_fit("gauss", run, run.signals())
    assert fit.y == "det"
    assert fit.values["centre"] == pytest.approx(0.3)


def test_where_no_value_has_one_the_reason_is_that_of_the_first(points):
    run = points(slope=1000 * X, other=500 * X)
    with pytest.raises(NoFit, match="slope"):
        first_fit("gauss", run, run.signals())


def test_the_mark_of_a_fit_is_its_curve_and_begins_with_the_word_of_the_model(points):
    run = points(det=BELL)
    fit = first_fit("gauss", run, ["det"])
    mark = mark_of("gauss", fit)
    assert (mark.key, mark.label) == ("det", f"gauss: {fit.headline}")
    assert np.interp(X, mark.x, mark.y) == pytest.approx(BELL, abs=20)


def test_each_word_means_a_model():
    from beamshell.analysis.model_fits import MODELS

    assert list(WORDS.values()) == list(MODELS)


def test_the_marks_of_one_word_can_be_removed():
    marks = Marks()
    for label in ("gauss: centre 1", "cen 1.0"):
        marks.add("run", Mark("det", X, X, label))
    marks.remove("run", "gauss:")
    marks.remove("another", "gauss:")
    assert [mark.label for mark in marks.of("run")] == ["cen 1.0"]
