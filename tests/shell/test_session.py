"""The steps of a session: taken once, reported when they fail, and missed by name; no IOC, no terminal."""

from __future__ import annotations

import gc
from types import SimpleNamespace

import pytest

from beamshell import plans as bp
from beamshell.channels.factory import current_factory, set_default_factory
from beamshell.devices.sim import SynAxis
from beamshell.errors import StoreError
from beamshell.plans import stubs as bps
from beamshell.shell.acquisition import Acquisition
from beamshell.shell.profile import Beamshell
from beamshell.shell.session import Session
from beamshell.shell.session_parts import StepError


class Events:
    def register(self, *_):
        pass

    unregister = register


class Shell(SimpleNamespace):
    """What a session needs of an IPython shell."""

    def __init__(self):
        super().__init__(user_ns={}, user_ns_hidden={}, events=Events(), parent=None)


@pytest.fixture
def make_session(tmp_path):
    sessions = []

    def make(**settings):
        sessions.append(Session(Shell(), Beamshell(data_folder=str(tmp_path / "data"), plots="none", **settings)))
        return sessions[-1]

    yield make
    for session in sessions:
        session.close()


@pytest.fixture
def session(make_session):
    return make_session()


def refuse(*_, **__):
    raise StoreError("the disk is full")


def test_all_steps_make_all_parts_and_names(session, capsys):
    session.take_all_steps()
    assert {"RE", "runs", "session", "motor", "det", "bp", "bps", "bpp"} <= set(session.shell.user_ns)
    assert session.shell.user_ns["RE"] is session.RE
    assert session.detectors() == [session.devices["det"]]
    assert session.next_scan == 1
    assert session.summary.startswith("motor, det (simulated); data in ")
    assert capsys.readouterr().err == ""


def test_on_a_twin_nothing_real_is_opened_even_before_a_step_is_taken(tmp_path):
    before = current_factory()
    try:
        Session(Shell(), Beamshell(data_folder=str(tmp_path)), simulated=True)
        assert current_factory().holds("http://127.0.0.1:9/temperature")
    finally:
        set_default_factory(before)


def test_a_step_taken_twice_does_nothing_the_second_time(session, tmp_path):
    (tmp_path / "data" / "startup").mkdir(parents=True)
    (tmp_path / "data" / "startup" / "10-count.py").write_text("count = globals().get('count', 0) + 1\n")
    session.take_all_steps()
    parts = session.RE, session.registry, session.RE.subscriptions, list(session.RE.preprocessors)
    session.take_all_steps()
    assert (session.RE, session.registry, session.RE.subscriptions, list(session.RE.preprocessors)) == parts
    assert session.shell.user_ns["count"] == 1


def test_the_baseline_is_recorded_whichever_step_comes_first(make_session, tmp_path):
    (tmp_path / "devices.yml").write_text('ring: {class: signal, prefix: "soft://ring", readout: baseline}\n')
    for steps in (("open", "load_devices"), ("load_devices", "open")):
        session = make_session(devices_file=str(tmp_path / "devices.yml"))
        for step in steps:
            getattr(session, step)()
        (baseline,) = session.RE.preprocessors
        session.RE.preprocessors.append("of the user")
        session.load_devices()
        assert session.RE.preprocessors == [baseline, "of the user"]


def test_a_step_that_fails_is_one_line_and_so_is_each_step_that_needs_it(make_session, monkeypatch, capsys):
    monkeypatch.setattr(Acquisition, "open", refuse)
    session = make_session(suspenders=[{"class": "SuspendFloor", "signal": "motor"}])
    session.take_all_steps()
    reason = "the step session.open() failed: the disk is full"
    assert capsys.readouterr().err.splitlines() == [
        "beamshell: the disk is full",
        f"beamshell: no engine: {reason}",  # install_suspenders
        f"beamshell: no engine: {reason}",  # subscribe_callbacks
        f"beamshell: no data folder: {reason}",  # run_user_files
    ]
    assert list(session.devices) == ["motor", "det"]
    assert session.state == "idle"
    assert session.next_scan is None
    assert session.summary == "motor, det (simulated); data in no folder; bhelp shows the commands"
    session.wait_for_devices()
    session.store_metadata()


def test_a_part_whose_step_was_left_out_says_which_step_makes_it(session):
    session.open()
    with pytest.raises(StepError, match=r"^no devices: the step session.load_devices\(\) was not taken$"):
        _ = session.devices
    assert not hasattr(session, "registry")
    assert session.summary.startswith("no devices; data in ")
    session.wait_for_devices()
    session.names.check()


def test_a_step_that_failed_can_be_taken_again(session, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(Acquisition, "open", refuse)
        with pytest.raises(StoreError):
            session.open()
    session.open()
    assert str(session.RE.state) == "idle"


def test_a_folder_that_has_room_again_is_opened_before_the_next_command(session, monkeypatch, capsys):
    with monkeypatch.context() as full_disk:
        full_disk.setattr(Acquisition, "open", refuse)
        session.take_all_steps()
        session.wait_for_devices()
    assert session.next_scan is None
    capsys.readouterr()
    session.wait_for_devices()
    assert capsys.readouterr().err == f"beamshell: data go into {session.folder} from now on\n"
    session.run(bps.mv(session.devices["motor"], 0.1))
    assert {"RE", "runs"} <= set(session.shell.user_ns)


def test_a_start_up_file_that_fails_is_named_with_its_line(session, tmp_path, capsys):
    path = tmp_path / "20-devices.py"
    path.write_text("\nsession.registry\n")
    session.run_file(path)
    line = f"beamshell: {path}:2: no devices: the step session.load_devices() was not taken\n"
    assert capsys.readouterr().err == line


def test_ctrl_c_in_a_start_up_file_ends_the_start(session, tmp_path):
    path = tmp_path / "20-suspenders.py"
    path.write_text("raise KeyboardInterrupt\n")
    with pytest.raises(KeyboardInterrupt):  # going on without a step that was cut short would run plans unguarded
        session.run_file(path)


def test_closing_twice_does_no_harm(session):
    session.take_all_steps()
    session.close()
    session.close()
    assert session.last_error.text == ""


def test_a_signal_that_finds_no_plan_leaves_the_end_to_its_handler(session):
    session.open()
    assert not session.end_soon(143)
    assert session.status == 0


def test_a_plan_that_is_refused_is_thrown_away_without_a_warning_that_it_was_not_run(session):
    plan = bps.mv(SynAxis(name="th"), 1)
    with pytest.raises(StepError, match="no engine"):
        session.run(plan)
    del plan  # a warning would be an error here
    gc.collect()


def test_what_follows_a_plan_is_given_what_the_plan_returned(session):
    session.open()
    session.load_devices()
    results = []

    @bp.plan
    def answer():
        yield from bps.null()
        return 42

    session.run(answer(), then=results.append)
    assert results == [42]
