"""The calls of the engine and what they moved, read from the entries of the console log."""

from __future__ import annotations

import itertools

from beamshell.store.console_log import LogEntry
from beamshell.store.engine_calls import calls, moves


class Log:
    """Entries as consoles write them, one a second."""

    def __init__(self):
        self.entries = []
        self._seconds = itertools.count(1)

    def add(self, kind, console="mine", **facts):
        self.entries.append(LogEntry(float(next(self._seconds)), console, kind, facts))

    def moving(self, device, origin, target, command, **more):
        self.add("moving", device=device, origin=origin, target=target, unit="deg", command=command, **more)

    def moved(self, device, origin, place, command, **more):
        self.add("moved", device=device, origin=origin, place=place, target=place, unit="deg", command=command, **more)

    def mov(self, device, origin, place, console="mine"):
        command = f"mov {device} {place}"
        self.add("plan", console, plan="mv", command=command)
        self.moving(device, origin, place, command, console=console)
        self.moved(device, origin, place, command, console=console)
        self.add("ended", console, status="success", uids=[])

    @property
    def newest_first(self):
        return reversed(self.entries)


def test_a_move_has_its_origin_its_place_and_its_command():
    log = Log()
    log.mov("th", 0.0, 1.0)
    (move,) = moves(log.newest_first)
    assert move == (2.0, "mine", "th", 0.0, 1.0, 1.0, "deg", "mov th 1.0", None, None)


def test_the_newest_move_comes_first():
    log = Log()
    log.mov("th", 0.0, 1.0)
    log.mov("samx", 5.0, 6.0)
    assert [move.device for move in moves(log.newest_first)] == ["samx", "th"]


def test_an_origin_that_was_asked_for_comes_with_the_end_of_the_move():
    log = Log()
    log.add("plan", plan="mv", command="mov th 1")
    log.moving("th", None, 1.0, "mov th 1")
    log.moved("th", 0.25, 1.0, "mov th 1")
    log.add("ended", status="success")
    assert next(moves(log.newest_first)).origin == 0.25


def test_a_scan_that_was_paused_is_one_call_and_one_move_from_its_first_origin_to_its_last_place():
    log = Log()
    log.add("plan", plan="scan", command="scan det th 1 2 3")
    log.moving("th", 0.0, 1.0, "scan det th 1 2 3", scan=7)
    log.moved("th", 0.0, 1.5, "scan det th 1 2 3", scan=7)
    log.add("paused", reason="")
    log.add("resumed")
    log.moved("th", 1.5, 2.0, "scan det th 1 2 3", scan=7)
    log.add("ended", status="success", uids=["a"])
    (call,) = calls(log.newest_first)
    assert (call.status, call.uids) == ("success", ("a",))
    (move,) = call.moves
    assert (move.origin, move.place, move.target, move.scan) == (0.0, 2.0, 2.0, 7)


def test_what_a_command_brought_back_itself_stands_at_its_origin():
    log = Log()
    log.add("plan", plan="rel_scan", command="rscan det th -1 1 3")
    log.moving("th", 0.5, -0.5, "rscan det th -1 1 3")
    log.add("ended", status="success")
    (move,) = moves(log.newest_first)
    assert (move.origin, move.place) == (0.5, 0.5)


def test_the_place_of_what_still_moves_or_whose_console_has_died_is_not_known():
    log = Log()
    log.add("plan", plan="mv", command="mov th 1")
    log.moving("th", 0.0, 1.0, "mov th 1")
    (call,) = calls(log.newest_first)
    assert (call.status, call.moves[0].place, call.moves[0].target) == ("", None, 1.0)


def test_a_call_that_is_paused_says_so_and_one_that_was_resumed_runs():
    log = Log()
    log.add("plan", plan="scan", command="scan det th 1 2 3")
    log.add("paused", reason="Ctrl+C")
    assert next(calls(log.newest_first)).status == "paused"
    log.add("resumed")
    assert next(calls(log.newest_first)).status == ""


def test_a_move_beside_a_paused_scan_is_a_call_of_its_own():
    log = Log()
    log.add("plan", plan="scan", command="scan det th 1 2 3")
    log.moving("th", 0.0, 1.0, "scan det th 1 2 3")
    log.moved("th", 0.0, 1.5, "scan det th 1 2 3")
    log.add("paused", reason="")
    log.mov("samx", 0.0, 4.0)
    beside, paused = calls(log.newest_first)
    assert (beside.command, [move.device for move in beside.moves]) == ("mov samx 4.0", ["samx"])
    assert (paused.status, [move.device for move in paused.moves]) == ("paused", ["th"])
    log.add("resumed")
    log.add("ended", status="abort", reason="enough")
    scan, _ = calls(log.newest_first)
    assert (scan.status, scan.reason, [move.device for move in scan.moves]) == ("abort", "enough", ["th"])


def test_the_calls_of_two_consoles_are_told_apart():
    log = Log()
    log.add("plan", plan="scan", command="scan det th 1 2 3")
    log.moving("th", 0.0, 1.0, "scan det th 1 2 3")
    log.mov("samx", 0.0, 4.0, console="other")
    log.moved("th", 0.0, 2.0, "scan det th 1 2 3")
    log.add("ended", status="success")
    assert [(call.console, call.moves[0].device) for call in calls(log.newest_first)] == [
        ("mine", "th"),
        ("other", "samx"),
    ]


def test_a_call_whose_beginning_is_cut_off_comes_with_what_is_known_of_it():
    log = Log()
    log.mov("th", 0.0, 1.0)
    del log.entries[0]
    (call,) = calls(log.newest_first)
    assert (call.command, call.moves[0].place) == ("", 1.0)
