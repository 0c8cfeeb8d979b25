"""The command `fit` at a prompt with simulated devices."""

from __future__ import annotations

import pytest

from beamshell.devices.sim import SynGauss
from beamshell.shell.commands import commands


@pytest.fixture(scope="module")
def scanned(module_prompt):
    session = module_prompt.session
    th = session.devices["th"]
    session.registry.add(SynGauss(name="bell", motor=th, center=0.2, peak=1000, sigma=0.3))
    session.registry.add(SynGauss(name="flat", motor=th, center=0.2, peak=0, sigma=0.3))
    session.names.set_devices(session.registry)
    module_prompt("scan flat bell th -1 1 21")
    return module_prompt


def test_fit_alone_lists_the_models(scanned, typed):
    assert [line.split()[0] for line in typed("fit").splitlines()] == ["gauss", "lorentz", "pvoigt", "edge", "line"]


def test_the_first_value_that_shows_a_peak_of_the_last_scan_is_fitted(scanned, typed):
    text = typed("fit gauss")
    assert "bell against th: gaussian, 21 points" in text
    assert "centre      0.2" in text


@pytest.mark.parametrize("line", ["f = fit pvoigt bell -1", "f = fit('pvoigt', 'bell')", "f = fit pseudo-voigt bell"])
def test_the_fit_is_an_object_to_calculate_with(scanned, prompt, line):
    prompt(line)
    fit = prompt.names["f"]
    assert fit.values["centre"] == pytest.approx(0.2)
    assert fit.values["mixing"] == pytest.approx(0, abs=1e-6)
    assert fit.covariance.shape == (5, 5)
    assert fit.curve([0.2]) == pytest.approx([1000])


@pytest.mark.parametrize(
    ("line", "text"),
    [
        ("fit gaus", "'gaus' is none of gauss, lorentz, pvoigt, edge, line: did you mean gauss?"),
        ("fit voigt", "did you mean pvoigt?"),
        ("fit gauss bel", "has no value 'bel': did you mean bell?"),
        ("fit gauss flat", "flat is 0 from -1.0"),
        ("fit edge bell", "bell has a peak or a dip and no edge"),
        ("fit gauss bell 999", "no run has scan_id 999"),
    ],
)
def test_a_wrong_line_is_answered_by_one_that_says_what_is_there(scanned, typed, line, text):
    assert text in typed(line)
    assert typed(line).count("\n") <= 2


def test_the_curve_is_drawn_into_the_plot_of_its_scan(scanned, prompt):
    from beamshell.callbacks.figures import windows

    prompt("f = fit gauss bell")
    uid = prompt.session.runs[-1].uid
    (mark,) = [mark for mark in windows.marks.of(uid) if mark.label.startswith("gauss")]
    assert mark.key == "bell"
    assert mark.label == "gauss: centre 0.2"
    assert mark.y == pytest.approx(prompt.names["f"].curve(mark.x))


def test_tab_offers_the_models_and_then_values(scanned, prompt):
    command = commands()["fit"]
    assert command.candidates([], prompt.session.devices)[:5] == ["gauss", "lorentz", "pvoigt", "edge", "line"]
    offered = command.candidates(["gauss"], prompt.session.devices)
    assert "bell" in offered
    assert "th" not in offered


@pytest.mark.parametrize("line", ["f = fit gauss -1", "f = fit gauss 1", "f = fit gaussian bell 1"])
def test_a_scan_is_named_by_its_number_with_or_without_a_value(scanned, prompt, line):
    prompt("f = None")
    prompt(line)
    assert prompt.names["f"].y == "bell"


def test_each_scan_is_fitted_after_the_option_was_set(scanned, prompt, typed):
    typed('session.best_effort.fit = "gauss"')
    try:
        output = typed("scan bell th -1 1 21")
    finally:
        typed("session.best_effort.fit = None")
    assert "bell against th: gaussian, 21 points" in output
    assert prompt.session.best_effort.last_fit.values["centre"] == pytest.approx(0.2)
    assert "gaussian" not in typed("scan bell th -1 1 21")
