"""What "the last scan" means to each command, also with two consoles on one data folder, and where it sends a motor."""

from __future__ import annotations

import math
from types import SimpleNamespace

import numpy as np
import pytest

from beamshell import plans as bp
from beamshell.devices.component import Component
from beamshell.devices.device import Device
from beamshell.devices.part import Kind
from beamshell.devices.signal import Signal, SignalRO
from beamshell.devices.sim import SynAxis, SynGauss
from beamshell.devices.status import DeviceStatus
from beamshell.errors import NoFit, UnknownName
from beamshell.shell.commands import commands
from beamshell.shell.control_requests import give_control
from beamshell.shell.profile import Beamshell
from beamshell.shell.session import Session

DEVICES = """\
th: {class: sim_motor}
samx: {class: sim_motor}
"""


class Counter(Device):
    """A detector that counts `rate()` a second for its count time."""

    value = Component(SignalRO, kind=Kind.hinted)
    count_time = Component(Signal, value=1.0, kind=Kind.config)
    rate = staticmethod(lambda: 0.0)

    def part_name(self, attr):
        return self.name if attr == "value" and self.name else super().part_name(attr)

    def trigger(self):
        self.value.put(float(round(self.rate() * self.count_time.get())), force=True)
        status = DeviceStatus(self, action="trigger")
        status.set_finished()
        return status


class Console:
    """A session in which lines are typed."""

    def __init__(self, folder, capsys):
        events = SimpleNamespace(register=lambda *_: None, unregister=lambda *_: None)
        shell = SimpleNamespace(user_ns={}, user_ns_hidden={}, events=events, parent=None)
        devices = folder / "devices.yml"
        devices.write_text(DEVICES)
        self.session = Session(
            shell, Beamshell(data_folder=str(folder / "data"), plots="none", devices_file=str(devices))
        )
        self.session.open()
        self.session.load_devices()
        for motor, centre in (("th", 0.2), ("samx", 5.5)):
            detector = SynGauss(name=f"peak_{motor}", motor=self.session.devices[motor], center=centre, sigma=0.3)
            shell.user_ns[detector.name] = detector
        self._capsys = capsys

    def measure(self, name, motor, rate):
        """Make a detector of this name that counts `rate(position)` for its count time."""
        detector = Counter(name=name)
        detector.rate = lambda: rate(self.session.devices[motor].position)
        self.session.devices.variables[name] = detector

    def do(self, line):
        name, *words = line.split()
        self._capsys.readouterr()
        try:
            commands()[name].act(self.session, words, line=line)
        finally:
            authority = self.session.authority
            if authority.files.is_mine(authority.files.control()):
                give_control(authority)  # the other console may be next
        return "".join(self._capsys.readouterr())

    def position(self, name):
        return self.session.devices[name].position


@pytest.fixture
def open_console(tmp_path, capsys):
    consoles = []

    def open_one():
        consoles.append(Console(tmp_path, capsys))
        return consoles[-1]

    yield open_one
    for console in consoles:
        console.session.close()


@pytest.mark.parametrize("word", ["cen", "peak", "pic", "com"])
def test_a_word_that_moves_a_motor_means_the_last_scan_of_this_console(open_console, word):
    one, other = open_console(), open_console()
    one.do("scan peak_th th -1 1 21")
    other.do("scan peak_samx samx 5 6 21")
    said = one.do(word)
    assert said.startswith("th: 1.000 -> 0.")
    assert "scan 1)" in said
    assert one.position("th") == pytest.approx(0.2, abs=0.06)
    assert one.position("samx") == 0


def test_a_number_counted_from_the_end_means_the_scans_of_this_console(open_console):
    one, other = open_console(), open_console()
    one.do("scan peak_th th -1 1 21")
    other.do("scan peak_samx samx 5 6 21")
    one.do("cen -1")
    assert one.position("th") == pytest.approx(0.2, abs=0.06)
    assert one.position("samx") == 0
    with pytest.raises(UnknownName, match="this console has 1 run, so none is its -2"):
        one.do("peak -2")


def test_a_motor_a_little_below_zero_is_at_zero_without_a_sign(open_console):
    console = open_console()
    console.do("scan peak_th th -1 1 21")
    console.do("mov th -1e-9")
    assert console.do("peak").startswith("th: 0.000 -> 0.200")


def test_a_console_without_a_scan_goes_to_that_of_another_only_by_its_number(open_console):
    other, one = open_console(), open_console()
    other.do("scan peak_samx samx 5 6 21")
    with pytest.raises(NoFit, match=r"this console has not scanned one motor yet: scan first, or name one of another"):
        one.do("cen")
    assert one.position("samx") == 0
    one.do("cen 1")
    assert one.position("samx") == pytest.approx(5.5, abs=0.01)
    one.do("peak 1 peak_samx")


@pytest.mark.parametrize("word", ["cen", "peak", "com"])
def test_after_a_scan_of_two_motors_no_word_goes_back_to_an_older_scan(open_console, word):
    console = open_console()
    console.do("scan peak_th th -1 1 21")
    console.do("grid peak_th th -1 1 3 samx 5 6 3")
    with pytest.raises(NoFit, match="run 2 moved th, samx: name a scan of one motor by its number"):
        console.do(word)
    assert console.position("th") == 1


def test_what_is_no_scan_of_one_motor_is_refused_by_its_number(open_console):
    console = open_console()
    console.session.run(bp.count([console.session.devices["peak_th"]]))
    with pytest.raises(NoFit, match="run 1 is no scan of one motor with points"):
        console.do("cen 1")


def test_export_without_a_number_writes_the_last_run_of_this_console(open_console):
    one, other = open_console(), open_console()
    one.do("scan peak_th th -1 1 3")
    other.do("scan peak_samx samx 5 6 3")
    assert "exports/000001_" in one.do("export csv")
    assert "exports/000002_" in other.do("export csv")


def test_before_the_first_run_of_a_console_the_newest_of_the_folder_is_shown_and_that_is_said(open_console):
    open_console().do("scan peak_th th -1 1 3")
    said = open_console().do("export csv")
    assert "no run of this console yet: run 1 is the newest of the data folder" in said
    assert "exports/000001_" in said


def test_runs_are_those_of_all_consoles(open_console):
    one, other = open_console(), open_console()
    one.do("scan peak_th th -1 1 3")
    other.do("scan peak_samx samx 5 6 3")
    assert one.session.runs[-1].scan_id == 2
    assert [run.scan_id for run in one.session.own_runs] == [1]


# ---- where a motor is sent --------------------------------------------------------------------------


def bell(x, centre=0.3, height=50_000, sigma=0.2):
    return 100 + height * math.exp(-((x - centre) ** 2) / 2 / sigma**2)


REGIONS = "th -0.5:0.1:0.2:0.5 0.1:0.5:0.05:0.1 0.5:1.1:0.2:0.5"


@pytest.mark.parametrize(("word", "near"), [("cen", 0.01), ("com", 0.03), ("peak", 0.051)])
def test_by_whatever_name_the_count_time_moves_no_motor(open_console, word, near):
    console = open_console()
    console.measure("det", "th", bell)
    console.do(f"regions det {REGIONS}")
    for typed in (word, f"{word} det", f"{word} det/count_time"):
        console.do("mov th 1")
        assert "of det/count_time, scan 1)" in console.do(typed)
        assert console.position("th") == pytest.approx(0.3, abs=near)


def test_a_flat_rate_counted_for_different_times_is_not_gone_to(open_console):
    console, random = open_console(), np.random.default_rng(3)
    console.measure("det", "th", lambda x: random.poisson(1000))
    console.do(f"regions det {REGIONS}")
    for typed in ("cen det", "peak det", "com", "peak"):
        with pytest.raises(NoFit, match=f"no clear peak in det/count_time .*; to insist: {typed} anyway"):
            console.do(typed)


def test_where_no_value_has_a_peak_nothing_moves_and_each_value_is_named_by_what_it_is(open_console):
    console = open_console()
    console.measure("monitor", "th", lambda x: 1e6 * (1 - 0.1 * x))
    console.measure("foil", "th", lambda x: 1e5 if x < 0.12 else 2e4)
    console.measure("flat", "th", lambda x: 700)
    console.do("scan monitor foil flat th -1 1 41")
    for word in ("cen", "peak", "com"):
        with pytest.raises(NoFit) as caught:
            console.do(word)
        said = "scan 1: no value has a clear peak (monitor: a slope, foil: an edge at 0.125); to insist: "
        assert str(caught.value) == said + f"{word} anyway"
    with pytest.raises(NoFit, match="scan 1: flat is the same everywhere"):
        console.do("cen flat")
    assert console.position("th") == 1


@pytest.mark.parametrize("word", ["cen", "cen foil dip", "peak foil", "com foil"])
def test_an_edge_is_named_with_the_commands_that_go_to_it(open_console, word):
    console = open_console()
    console.measure("foil", "th", lambda x: 100 + 1e5 / (1 + math.exp((x - 0.11) / 0.05)))
    console.do("scan foil th -1 1 41")
    with pytest.raises(NoFit, match=r"foil has an edge at 0.1\d\d and no (peak|dip); type ") as caught:
        console.do(word)
    move, edge = str(caught.value).partition("; type ")[2].split("; ")
    console.do(move)
    console.do(edge)
    assert console.position("th") == pytest.approx(0.11, abs=0.01)


def test_a_peak_is_preferred_to_the_slope_before_it(open_console):
    console = open_console()
    console.measure("monitor", "th", lambda x: 1e6 * (1 - 0.1 * x))
    console.measure("det", "th", bell)
    console.do("scan monitor det th -1 1 41")
    for word in ("cen", "peak", "com"):
        assert "of det, scan 1)" in console.do(word)


def test_the_top_of_a_peak_alone_has_a_highest_point_and_no_centre(open_console):
    console = open_console()
    console.measure("det", "th", bell)
    console.do("scan det th 0.22 0.42 11")
    for word in ("cen", "com"):
        with pytest.raises(NoFit, match=f"scan wider; to insist: {word} anyway"):
            console.do(word)
    console.do("peak")
    assert console.position("th") == pytest.approx(0.3)


@pytest.mark.parametrize("word", ["cen", "peak", "com"])
def test_one_hot_point_is_not_gone_to_until_one_insists(open_console, word):
    console, random = open_console(), np.random.default_rng(4)
    console.measure("det", "th", lambda x: 100_000 if abs(x - 0.5) < 0.01 else random.poisson(4))
    console.do("scan det th -1 1 41")
    with pytest.raises(NoFit, match=f"the peak of det is a single point, .*; to insist: {word} anyway"):
        console.do(word)
    assert console.position("th") == 1
    console.do(f"{word} anyway")
    assert console.position("th") == pytest.approx(0.5, abs=0.02)


def test_two_peaks_are_named_and_the_motor_stays(open_console):
    console = open_console()
    console.measure("det", "th", lambda x: bell(x, -0.5, 1000, 0.1) + bell(x, 0.5, 900, 0.1))
    console.do("scan det th -1 1 41")
    with pytest.raises(NoFit, match=r"det has 2 peaks, at th -0.500 and 0.500: scan around one of them; to insist"):
        console.do("cen")


def test_an_unknown_value_is_no_value(open_console):
    console = open_console()
    console.do("scan peak_th th -1 1 21")
    with pytest.raises(UnknownName, match="scan 1 has no value 'nosuch': there is peak_th"):
        console.do("cen nosuch")


def test_a_motor_made_at_the_prompt_is_known_and_one_that_hides_another_is_not_moved(open_console):
    console = open_console()
    variables = console.session.devices.variables
    variables["sy"] = SynAxis(name="sy")
    console.measure("det", "sy", bell)
    console.do("scan det sy -1 1 41")
    console.do("cen")
    assert variables["sy"].position == pytest.approx(0.3, abs=0.01)
    variables["sy"] = console.session.devices["samx"]
    with pytest.raises(UnknownName, match="the scan moved sy, which this console does not have"):
        console.do("cen")
    assert console.position("samx") == 0
