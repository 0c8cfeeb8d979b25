"""The devices of a console: those that are offline are named once; the baseline; default detectors."""

from __future__ import annotations

import threading
import time

import pytest

from beamshell.channels.deferred import searches
from beamshell.devices.registry import Registry
from beamshell.errors import ConfigError, UsageError
from beamshell.shell import beamline_devices
from beamshell.shell.beamline_devices import BeamlineDevices, OfflineReport
from beamshell.shell.profile import Beamshell


class Lost:
    """A device that does not answer, and was first asked for so many seconds ago."""

    connected = False

    def __init__(self, name, seconds):
        self.name = name
        self.disconnected_since = time.time() - seconds


class Clock:
    """A clock that the test sets."""

    def __init__(self):
        self.seconds = 100.0

    def __call__(self):
        return self.seconds


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def registry():
    return Registry()


@pytest.fixture
def report(registry, clock):
    """The report of devices that were loaded two seconds ago."""
    report = OfflineReport(registry, wait_s=0.0, clock=clock)
    clock.seconds += 2.0
    return report


def test_what_does_not_answer_is_named_before_the_first_command_and_then_no_more(registry, report, capsys):
    registry.add(Lost("th", 3.5))
    report.show_new()
    assert capsys.readouterr().err == "beamshell: offline: th (type offline for the addresses)\n"
    report.show_new()
    assert capsys.readouterr().err == ""


def test_just_after_the_start_what_does_not_answer_is_connecting_and_later_offline(registry, report, clock, capsys):
    th = registry.add(Lost("th", 2.5))
    assert report.offline_word == "connecting"
    report.show_new()
    report.show_new()
    assert capsys.readouterr().err == "beamshell: connecting: th (type offline for the addresses)\n"
    clock.seconds += 60
    th.disconnected_since -= 60
    assert report.offline_word == "OFFLINE"
    report.show_new()
    assert capsys.readouterr().err == "beamshell: offline: th (type offline for the addresses)\n"


def test_what_was_asked_for_late_is_named_when_it_has_had_the_time_to_answer(registry, report, clock, capsys):
    chiller, gas = (registry.add(Lost(name, 0.1)) for name in ("chiller", "gas"))
    report.show_new()
    report.show_new()
    assert capsys.readouterr().err == ""
    clock.seconds += 60
    chiller.connected = True
    gas.disconnected_since -= 60
    report.show_new()
    assert capsys.readouterr().err == "beamshell: offline: gas (type offline for the addresses)\n"
    report.show_new()
    assert capsys.readouterr().err == ""


def test_what_was_lost_before_the_clock_was_set_back_is_named(registry, report, clock, capsys):
    registry.add(Lost("th", -3600.0))
    clock.seconds += 60
    report.show_new()
    assert capsys.readouterr().err == "beamshell: offline: th (type offline for the addresses)\n"


def test_the_time_that_is_left_for_devices_runs_out(registry, clock):
    report = OfflineReport(registry, wait_s=1.0, clock=clock)
    assert report.left_s == 1.0
    clock.seconds += 5
    assert report.left_s == 0.0


# ---- the device file -----------------------------------------------------------------------------

LINES = """\
ring: {class: signal, prefix: "soft://ring", readout: baseline}
gas: {class: signal, prefix: "soft://gas", readout: monitored}
det: {class: signal, prefix: "soft://det", readout: point}
"""


def devices_of(tmp_path, text, report=pytest.fail, **settings):
    (tmp_path / "devices.yml").write_text(text)
    return BeamlineDevices(Beamshell(**settings), tmp_path / "devices.yml", data_folder=tmp_path, report=report)


def test_a_console_without_a_device_file_has_two_simulated_devices_and_nothing_to_reload():
    devices = BeamlineDevices(Beamshell(), None, data_folder=None, report=pytest.fail)
    assert list(devices.registry) == ["motor", "det"]
    with pytest.raises(ConfigError, match="no device file to reload: set devices_file"):
        devices.reload()


def test_what_is_wrong_with_the_device_file_is_reported_and_the_other_devices_are_there(tmp_path):
    problems = []
    devices = devices_of(tmp_path, LINES + "bad: {class: mottor}\n", problems.append)
    assert list(devices.registry) == ["ring", "gas", "det"]
    assert ["no class 'mottor'" in str(problem) for problem in problems] == [True]


def test_the_baseline_is_recorded_by_one_preprocessor_however_often_the_file_is_read(tmp_path):
    devices = devices_of(tmp_path, LINES)
    preprocessors = ["of the user"]
    devices.record_baseline(preprocessors)
    devices.record_baseline(preprocessors)
    assert len(preprocessors) == 2
    (tmp_path / "devices.yml").write_text(LINES.splitlines()[-1])
    assert devices.reload().removed == ["ring", "gas"]
    devices.record_baseline(preprocessors)
    assert preprocessors == ["of the user"]


def test_a_profile_may_leave_the_baseline_out_but_keep_its_monitors(tmp_path):
    preprocessors = []
    devices_of(tmp_path, LINES.splitlines()[0], baseline=False).record_baseline(preprocessors)
    assert preprocessors == []
    devices_of(tmp_path, LINES, baseline=False).record_baseline(preprocessors)
    assert len(preprocessors) == 1


def test_the_default_detectors_are_those_of_the_profile_else_those_read_at_each_point(tmp_path):
    devices = devices_of(tmp_path, LINES)
    assert devices.default_detectors() == [devices.registry["det"]]
    devices = devices_of(tmp_path, LINES, detectors=["ring"])
    assert devices.default_detectors() == [devices.registry["ring"]]
    with pytest.raises(UsageError, match="no detector is read by default: name one"):
        devices_of(tmp_path, LINES.splitlines()[0]).default_detectors()


def test_a_default_detector_that_does_not_answer_is_named_before_a_scan_begins():
    devices = BeamlineDevices(Beamshell(), None, data_folder=None, report=pytest.fail)
    devices.registry.add(Lost("ion", 60), readout="point")
    with pytest.raises(UsageError, match="ion is read where no detector is named, and does not answer: name others"):
        devices.default_detectors()


class OfAnotherSystem(Lost):
    """A device whose library is imported when somebody waits for it."""

    is_deferred = True

    def __init__(self, name):
        super().__init__(name, 0.0)

    def wait_for_connection(self, timeout):
        self.is_deferred, self.connected = False, True


def test_a_command_waits_only_for_the_libraries_of_devices_that_it_needs(registry, report, capsys):
    chiller, gas = (registry.add(OfAnotherSystem(name)) for name in ("chiller", "gas"))
    report.show_new({"th"})
    assert (chiller.is_deferred, gas.is_deferred) == (True, True)
    report.show_new({"th", "gas"})
    assert (chiller.is_deferred, gas.is_deferred) == (True, False)
    report.show_new()  # such as wa, which shows all
    assert (chiller.is_deferred, gas.is_deferred) == (False, False)
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    ("line", "needed"),
    [
        ("samx 1", {"samx", "det"}),
        ("det samx -1 1 11 time=0.1", {"samx", "det"}),
        ("samx.setpoint", {"samx", "det"}),
        ("number samx", {"samx", "det"}),
        ("", None),
        ("sam*", None),
        ("motor samx", None),  # a tag
        ("mine samx", None),  # a variable, which may be any device
    ],
)
def test_a_command_needs_what_it_names_and_what_every_run_reads(line, needed):
    devices = BeamlineDevices(Beamshell(), None, data_folder=None, report=print)
    devices.registry.add(Lost("samx", 0.0), tags=["motor"])
    assert devices.needed_by(line, {"mine": object(), "number": 3.0, "time": time}) == needed


def test_a_wait_for_the_consoles_own_ioc_is_said(registry, capsys, monkeypatch):
    monkeypatch.setattr(beamline_devices, "_SAID_AFTER_S", 0.0)
    report = OfflineReport(registry, 0.0)
    searches.close()
    opener = threading.Timer(0.2, searches.open)
    opener.start()
    report.show_new()
    opener.join()
    assert "waiting for the IOC of this console to answer (Ctrl+C ends the wait)" in capsys.readouterr().err
