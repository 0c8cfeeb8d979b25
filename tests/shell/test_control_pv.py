"""Who has control, in a PV: consoles with other data folders see it."""

from __future__ import annotations

import os
import time

import pytest

from beamshell.channels.factory import open_channel
from beamshell.channels.soft import SoftChannel
from beamshell.devices.permission import WritePermission
from beamshell.errors import NotConnected, NotInControl
from beamshell.shell.authority import Authority, this_console
from beamshell.shell.control_pv import ControlPv
from beamshell.shell.control_requests import control_lines, give_control, take_control
from beamshell.store.control_folder import ControlFolder
from beamshell.store.control_rules import DEAD_AFTER_S, Console


def console(operator, host="ws1", pid=10):
    return Console(operator, operator, host, "boot", pid, 0.0)


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def open_pv(clock):
    opened = []

    def open_one(operator, **who):
        opened.append(pv := ControlPv("soft://control", console(operator, **who), clock))
        return pv

    yield open_one
    for pv in opened:
        pv.close()


def test_another_console_sees_who_has_control_and_when_nobody_has(open_pv):
    anna, bob = open_pv("anna"), open_pv("bob")
    assert (anna.other(), bob.other()) == ("", "")
    anna.show()
    assert (anna.other(), bob.other()) == ("", "anna@ws1:10")
    bob.clear()
    assert bob.other() == "anna@ws1:10"
    anna.clear()
    assert bob.other() == ""


def test_a_text_that_is_of_no_console_holds_nobody_back(open_pv):
    anna, screen = open_pv("anna"), open_channel("soft://control", string=True)
    for text in ("absorption of the foil", "anna", "7", "bob@ws1:10"):
        screen.put(text)
        assert anna.other() == ""
    screen.close()


def test_a_console_that_shows_no_sign_of_life_has_died(open_pv, clock):
    anna, bob = open_pv("anna"), open_pv("bob")
    anna.show()
    clock.now += DEAD_AFTER_S - 1
    anna.show()
    clock.now += DEAD_AFTER_S - 1
    assert bob.other() == "anna@ws1:10"
    clock.now += 2
    assert bob.other() == ""
    bob.show()
    anna.show()
    assert (anna.other(), bob.other()) == ("bob@ws1:10", "")


def test_a_console_takes_the_place_of_one_of_its_own_folder_at_once(open_pv):
    anna, bob, far = open_pv("anna"), open_pv("bob"), open_pv("far")
    anna.show()
    bob.show()
    assert far.other() == "anna@ws1:10"
    bob.show(after=console("anna"))
    assert (far.other(), anna.other(), bob.other()) == ("bob@ws1:10", "bob@ws1:10", "")


class Silent:
    """A console log that nobody reads."""

    def add(self, kind, **facts):
        pass

    def newest_first(self, *_kinds):
        return []


@pytest.fixture
def open_console(tmp_path, open_pv):
    """Opens consoles, each with a data folder of its own, that share the PV."""
    opened = []

    def open_one(operator, pv=None):
        folder = tmp_path / operator
        folder.mkdir(exist_ok=True)
        files = ControlFolder(folder, this_console(operator, operator)._replace(host="ws1", pid=10))
        pv, permission = pv or open_pv(operator), WritePermission()
        opened.append(one := Authority(files, Silent(), lambda: "", lambda: 0.0, pv=pv, permission=permission))
        one.open(at_prompt=True)
        return one

    yield open_one
    for one in opened:
        one.close()


def test_consoles_with_other_data_folders_do_not_move_while_the_pv_names_one_that_lives(open_console):
    anna, bob = open_console("anna"), open_console("bob")
    anna.claim("th")
    for refused in (bob.claim_for_plan, lambda: take_control(bob, "a reason")):
        with pytest.raises(NotInControl, match=r"^anna@ws1:10 has control, says soft://control \(type `control give`"):
            refused()
    with pytest.raises(NotInControl, match=r"^th: anna@ws1:10 has control"):
        bob.claim("th")
    assert bob.status_text() == "observer: anna@ws1:10 has control"
    assert control_lines(bob)[0] == "anna@ws1:10 has control, says soft://control"
    give_control(anna)
    bob.claim("th")
    bob.look()
    assert bob.status_text() == ""


def test_a_pv_that_does_not_answer_holds_nobody_back_and_that_is_said_once(open_console, clock, capsys):
    class Dead(SoftChannel):
        def wait_connected(self, timeout):
            raise NotConnected("BL:control: no answer")

    pv = ControlPv("soft://control", console("anna"), clock)
    pv._channel.close()
    pv._channel = Dead("soft://dead", "")
    anna = open_console("anna", pv)
    anna.claim("th")
    anna.claim("th")
    line = "control_pv: BL:control: no answer: consoles with other data folders are not held back"
    assert capsys.readouterr().err == f"beamshell: {line}\n"


def test_the_text_of_the_longest_name_fits_an_epics_string_and_two_of_them_differ(open_pv):
    first = open_pv("a" * 60, host="h" * 60, pid=4194301)
    second = open_pv("a" * 60, host="h" * 60, pid=4194302)
    for _ in range(1001):
        first.show()
    reader = open_channel("soft://control", string=True)
    assert len(reader.get(1.0)["value"]) <= 39
    reader.close()
    assert second.other().endswith(":4194301")


def test_the_pv_of_an_ioc_keeps_it_for_another_process(demo_ioc):
    anna = ControlPv("BL:scaler_calc1.DESC", console("anna", pid=os.getpid()))
    reader = ControlPv("BL:scaler_calc1.DESC", console("bob"))
    for pv in (anna, reader):
        pv._channel.wait_connected(30)
        pv.find_out()
    before = anna._channel.get(30)["value"]
    try:
        anna.show()
        while reader.other() != f"anna@ws1:{os.getpid()}":  # it comes by subscription
            time.sleep(0.01)
    finally:
        anna._channel.put(before)
        anna.close()
        reader.close()
