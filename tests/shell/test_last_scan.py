"""Two consoles on one data folder: what "the last scan" means to each command."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from beamshell import plans as bp
from beamshell.devices.sim import SynGauss
from beamshell.errors import NoFit, UnknownName
from beamshell.shell.commands import commands
from beamshell.shell.profile import Beamshell
from beamshell.shell.session import Session

DEVICES = """\
th: {class: sim_motor}
samx: {class: sim_motor}
"""


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

    def do(self, line):
        name, *words = line.split()
        self._capsys.readouterr()
        commands()[name].act(self.session, words, line=line)
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
    with pytest.raises(NoFit, match=r"this console has not scanned one motor yet: scan first, or cen 1 for scan 1"):
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
