"""What people complain about at other beamline prompts does not happen here; each test is named after its complaint.

Complaints about the terminal itself are in tests/system/test_complaints.py; longer tests of each mechanism are with it.
"""

from __future__ import annotations

import re

import matplotlib as mpl
import pytest
from IPython.core.completer import provisionalcompleter
from matplotlib.backend_bases import FigureManagerBase
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from run_documents import make_run  # noqa: F401

from beamshell.callbacks.figures import Windows
from beamshell.callbacks.painter import Painter
from beamshell.callbacks.plot import LivePlot
from beamshell.devices.signal import Signal
from beamshell.engine.suspenders import SuspendFloor
from beamshell.errors import MoveFailed
from beamshell.plans.unrun_plan_guard import PlanNotRun


def number_of_runs(prompt):
    return len(prompt.session.runs)


def test_complaint_1_nobody_has_to_type_RE_and_a_plan_that_is_not_run_says_so(prompt, typed):
    before = number_of_runs(prompt)
    typed("scan det th 0 1 3")
    typed("scan(det, th, 0, 1, 3)")
    typed("RE(bp.scan([det], th, 0, 1, 3))")
    assert number_of_runs(prompt) == before + 3
    with pytest.warns(PlanNotRun, match="was called but not run, so nothing has happened"):
        typed("plan = bp.scan([det], th, 0, 1, 3)\ndel plan\n__import__('gc').collect()")
    assert number_of_runs(prompt) == before + 3


def test_complaint_3_of_two_plans_in_one_paste_the_second_does_not_run_when_the_first_is_interrupted(prompt, typed):
    typed("def pausing():\n    yield from bps.checkpoint()\n    yield from bps.pause()")
    before = number_of_runs(prompt)
    answer = typed("RE(pausing())\nscan det th 0 1 3")
    assert "These lines do not run, also not after resume:\n  scan det th 0 1 3" in answer
    typed("resume")
    assert number_of_runs(prompt) == before


def test_complaint_4_one_goes_to_the_peak_although_no_plot_window_was_there(prompt, typed):
    typed("scan det motor -3 2 26")
    assert re.search(r"motor: \S+ -> -?0\.0\d* ", typed("cen"))
    assert abs(prompt.position("motor")) < 0.05


class Display(Windows):
    """A display on which windows are opened; it notes what they do when they are shown."""

    possible = True

    def __init__(self, painter):
        super().__init__(painter)
        self.raised = []

    def new_manager(self):
        manager = FigureManagerBase(FigureCanvasAgg(Figure()), len(self.raised))
        manager.show = lambda: self.raised.append(mpl.rcParams["figure.raise_window"])
        return manager


def test_complaint_5_one_window_is_used_again_scan_after_scan_and_takes_no_focus(make_run):  # noqa: F811
    painter = Painter(clock=lambda: 0.0)
    display = Display(painter)
    plot = LivePlot(painter=painter, windows=display)
    for _ in range(3):
        for name, doc in make_run(["th"], ["det"], [(0.0, 1.0), (1.0, 2.0)]):
            plot(name, doc)
        painter.paint()
    assert display.raised == [False]


@pytest.mark.parametrize(
    "line",
    ["scan det th 0 1 3 time=0.05", "ascan th 0 1 2 0.05", "loopscan 3 0.05", "grid det th 0 1 2 tth 0 1 2 time=0.05"],
)
def test_complaint_6_the_count_time_is_part_of_the_command_and_of_its_run(line, prompt, typed):
    typed(line)
    assert prompt.session.runs[-1].config["det"]["det_exp"] == 0.05


def test_complaint_8_an_error_names_the_motor_and_the_cause(prompt, typed, monkeypatch):
    prompt.session.devices["samx"].limits = (-5, 5)
    try:
        assert typed("mov samx 95") == "beamshell: samx: 95 is above the limit 5\n"
    finally:
        prompt.session.devices["samx"].limits = None

    def refuse(*_, **__):
        raise MoveFailed("samx: move to 1 mm ended at 0.3 mm, on the high limit switch")

    monkeypatch.setattr(type(prompt.session.devices["samx"]), "set", refuse)
    for line in ("mov samx 1", "scan det samx 0 1 3", "RE(bps.mv(samx, 1))"):
        assert "samx: move to 1 mm ended at 0.3 mm, on the high limit switch" in typed(line)


def test_complaint_11_a_relative_scan_brings_its_motor_back_also_when_it_is_interrupted(prompt, typed):
    typed("mov th 0.5")
    typed("dscan th -1 1 4 0.01")
    assert prompt.position("th") == 0.5
    typed("points = []\ntoken = RE.subscribe(lambda *_: points or points.append(RE.request_pause()), 'event')")
    assert "Paused" in typed("dscan th -1 1 4 0.01")
    typed("RE.unsubscribe(token)")
    assert prompt.position("th") != 0.5
    typed("abort")
    assert prompt.position("th") == 0.5


def test_complaint_14_a_suspender_shows_its_state_its_reason_and_since_when(prompt, typed):
    ring = Signal(name="ring", value=0.3)
    suspender = SuspendFloor(ring, 50.0)
    prompt.session.RE.install_suspender(suspender)
    try:
        line = typed("suspenders")
        assert re.search(r"HOLDS .*TRIPPED since \S+: ring is 0.3; plans wait until it is at least 50", line)
        assert "not to wait: suspenders off 10min" in typed("why")
        ring.put(100.0)
        assert "good" in typed("suspenders")
    finally:
        prompt.session.RE.remove_suspender(suspender)


def test_complaint_15_a_scan_of_three_motors_has_a_table_with_all_of_them(typed):
    table = typed("RE(bp.scan([det], th, 0, 1, tth, 0, 2, samx, 0, 3, num=3))")
    assert re.search(r"^.*\bth\b.*\btth\b.*\bsamx\b.*\bdet\b.*$", table, re.MULTILINE), table


def test_complaint_15_tab_completes_the_parts_of_a_device(prompt):
    with provisionalcompleter():
        offered = [one.text for one in prompt.shell.Completer.completions("devices th.", len("devices th."))]
    assert any(text.startswith("th.") or "velocity" in text or "readback" in text for text in offered), offered


def test_new_thing_6_why_is_one_plain_sentence_for_the_last_failure(prompt, typed):
    prompt.session.devices["samx"].limits = (-5, 5)
    typed("mov samx 95")
    prompt.session.devices["samx"].limits = None
    assert re.fullmatch(r"'mov samx 95' was refused at \d\d:\d\d:\d\d: samx: 95 is above the limit 5\.\n", typed("why"))


def test_new_thing_10_a_shift_handover_is_a_page(prompt, typed):
    typed("scan det th 0 1 3")
    page = prompt.session.folder / "handover" / typed("handover 1h").splitlines()[-1].rpartition("/")[2]
    text = page.read_text()
    for heading in (
        "Scans",
        "Positions changed",
        "Time lost",
        "Suspensions and pauses",
        "Failures, aborts",
        "Comments",
    ):
        assert f"## {heading}" in text


def test_new_thing_2_a_rehearsal_comes_before_every_scan_and_refuses_the_impossible(prompt, typed):
    rehearsed = typed("rehearse scan det th -1 1 3")
    assert re.match(r"3 points, about ", rehearsed)
    assert "th: 3 moves between -1 and 1" in rehearsed
    before = number_of_runs(prompt)
    typed("set_lm th -0.5 0.5")
    try:
        assert typed("scan det th -1 1 3") == "beamshell: point 1 of 3: th: -1 is below the limit -0.5\n"
        assert (prompt.position("th"), number_of_runs(prompt)) == (0, before)
    finally:
        typed("set_lm th 0 0")


def test_new_thing_7_without_a_display_a_scan_is_judged_drawn_and_fitted_all_the_same(prompt, typed):
    assert "det: max 1.000 at motor 0.000, cen 0.000, fwhm 2.355" in typed("scan det motor -3 2 26")
    assert re.search(r"^det .*▼max", typed("plot"), re.MULTILINE)
    assert re.search(r"fwhm +2\.35", typed("fit gauss det"))
