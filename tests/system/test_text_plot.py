"""A scan in a terminal without a display: its table, its plot and the last line, none of them garbled."""

from __future__ import annotations

import re

from console_output import point_numbers

COLUMNS = 80
LIVE_PLOT = 16


def live_lines(terminal):
    """The row above the live plot, the plot, and the line below it; [] if there is none at this moment."""
    lines = [line for line in terminal.window if line]
    begin = next((number for number, line in enumerate(lines) if line == "det [counts]"), len(lines))
    return lines[begin - 1 :] if len(lines) == begin + LIVE_PLOT + 1 else []


def test_a_scan_is_plotted_live_and_at_its_end_and_plot_draws_it_again(open_console):
    terminal = open_console("--Beamshell.plots=text", columns=COLUMNS)
    start = terminal.begin("scan det th -1 1 21 0.5")
    terminal.wait_for_point(8, start)
    terminal.wait_until(lambda: live_lines(terminal), what="the live plot")
    row, *plot, last = live_lines(terminal)
    assert re.match(r"\W*\d+ .* \d\d:\d\d:\d\d", row)
    assert sum("┤" in line for line in plot) > 1
    assert plot[-1].strip() == "th [deg]"
    assert last.startswith("point ")
    assert last.endswith("Ctrl+C pauses")

    terminal.press_ctrl_c()
    terminal.wait_for_prompt(start)
    assert not any("┤" in line for line in terminal.lines(start))
    half = terminal.do("plot det").splitlines()
    assert half[0].endswith("not ended yet")

    output = terminal.do("resume")
    assert set(point_numbers(terminal.text(start))) == set(range(1, 22))
    assert output.count("▼max") == 1
    assert output.index("success, 21 points") < output.index("▼max")

    again = terminal.do("plot det log").splitlines()
    assert again[0].startswith("#1 scan det th -1 1 21 0.5")
    assert again[1].startswith("det [counts], log")
    assert again[-1].startswith("det: max")
    assert max(map(len, again)) <= COLUMNS
    assert terminal.do("plot dett").endswith("run 1 has no value 'dett': did you mean det?")


def test_each_scan_is_fitted_if_the_profile_says_so_and_fit_draws_its_curve_into_the_plot(open_console):
    terminal = open_console(
        "--Beamshell.plots=text", "--Beamshell.fit=gauss", "--Beamshell.peak_stats=True", columns=COLUMNS
    )
    output = terminal.do("scan det th -1 1 21 0.1").splitlines()
    foot = next(number for number, line in enumerate(output) if "success, 21 points" in line)
    assert output[foot + 1].startswith("det: max ")
    assert output[foot + 2].startswith("PeakStats of det: cen 0.")
    assert output[foot + 3].startswith("scan 1: det against th: gaussian")
    assert output[foot + 4].split()[:1] == ["centre"]
    assert any("─ gauss: centre 0." in line for line in output[foot + 5 :])

    output = terminal.do("fit pvoigt det")
    assert "─ pvoigt: centre 0." in output  # the newest first
    assert "─ gau" in output
    assert output.index("┤") < output.index("mixing")
    assert max(map(len, output.splitlines())) <= COLUMNS
