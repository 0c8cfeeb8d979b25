"""Which consoles have died or hang: a rule over signs, and the signs of real processes."""

from __future__ import annotations

import dataclasses
import json
import os
import signal
import time

import pytest

from beamshell.follow.watchdog import SILENT_AFTER_S, STOPPED_AFTER_S, Signs, Watchdog, signs_of_consoles
from beamshell.store import ConsoleLog

PROCESS = {"host": "ws1", "boot": "b", "pid": 1234, "began": 5}
LIVES = Signs("kate", PROCESS, beat=100.0)
DEAD = LIVES._replace(why_dead="its process is gone")


@pytest.fixture
def watchdog():
    return Watchdog()


def looks(watchdog, *looks):
    """The kinds of the troubles after looks at one console: pairs of signs and clock."""
    return [trouble.kind for signs, clock in looks for trouble in watchdog.look({"c": signs}, clock)]


def every_second(signs, begin, seconds):
    return [(signs, begin + second) for second in range(int(seconds) + 1)]


def test_a_console_whose_process_is_gone_has_died_and_is_told_once(watchdog):
    assert looks(watchdog, (LIVES, 0.0), (DEAD, 1.0), (DEAD, 2.0)) == ["died"]


def test_a_console_that_was_closed_has_not_died(watchdog):
    assert looks(watchdog, (LIVES, 0.0), (DEAD._replace(is_closed=True), 1.0), (DEAD, 2.0)) == []


def test_a_console_that_has_taken_its_file_away_before_its_end_has_not_died(watchdog):
    left = LIVES._replace(beat=None)
    assert looks(watchdog, (LIVES, 0.0), (left, 1.0), (DEAD._replace(beat=None), 2.0)) == []
    assert looks(watchdog, (LIVES, 3.0), (left, 4.0), (LIVES, 5.0), (DEAD, 6.0)) == ["died"]


def test_a_console_that_had_died_before_anybody_watched_is_no_news(watchdog):
    assert looks(watchdog, (DEAD, 0.0), (DEAD, 1.0)) == []


def test_a_console_that_died_while_nobody_watched_is_told_by_the_next_process(watchdog):
    looks(watchdog, (LIVES, 0.0))
    after_a_kill = Watchdog()
    after_a_kill.remember(json.loads(json.dumps(watchdog.memory())))
    assert looks(after_a_kill, (DEAD._replace(why_dead="the computer was started anew"), 5.0)) == ["died"]


def test_a_stopped_console_is_told_after_seconds_and_when_it_goes_on(watchdog):
    stopped = LIVES._replace(is_stopped=True)
    later = LIVES._replace(beat=110.0)
    assert looks(watchdog, (LIVES, 0.0), (stopped, 1.0), (LIVES, 2.0), *every_second(stopped, 3, 2)) == []
    assert looks(watchdog, *every_second(stopped, 6, STOPPED_AFTER_S)) == ["stopped"]
    assert looks(watchdog, (later, 11.0), (later, 12.0)) == ["back"]


def test_a_console_without_a_sign_of_life_hangs(watchdog):
    assert looks(watchdog, *every_second(LIVES, 0, SILENT_AFTER_S)) == []
    assert looks(watchdog, *every_second(LIVES, SILENT_AFTER_S + 1, 60)) == ["silent"]


def test_a_console_that_beats_never_hangs(watchdog):
    assert looks(watchdog, *((LIVES._replace(beat=float(at // 10)), float(at)) for at in range(600))) == []


def test_the_time_in_which_the_watchdog_itself_was_held_up_does_not_count(watchdog):
    assert looks(watchdog, *every_second(LIVES, 0, 20), *every_second(LIVES, 3600, 20)) == []
    stopped = LIVES._replace(is_stopped=True)
    assert looks(watchdog, (stopped, 3621.0), (stopped, 7200.0)) == []


def test_a_beat_of_a_clock_that_was_set_back_is_a_sign_of_life(watchdog):
    back = LIVES._replace(beat=100.0 - 3600)
    assert looks(watchdog, *every_second(LIVES, 0, 20), *every_second(back, 21, 20)) == []


def test_a_console_whose_file_was_deleted_is_not_said_to_hang(watchdog):
    assert looks(watchdog, *every_second(LIVES, 0, 20), *every_second(LIVES._replace(beat=None), 21, 100)) == []


# ---- the signs of processes --------------------------------------------------------------------


def wait_for(condition, most_s=60):
    deadline = time.monotonic() + most_s
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_a_killed_process_is_seen_also_when_its_file_was_removed_by_another_console(folder, open_console, watchdog):
    key, process, _log, _files = open_console()
    open_console()
    assert watchdog.look(signs_of_consoles(folder, watchdog.watched), 0.0) == []
    process.kill()
    wait_for(lambda: signs_of_consoles(folder, watchdog.watched)[key].why_dead)
    (folder / "control" / f"console.{key}.json").unlink()
    (trouble,) = watchdog.look(signs_of_consoles(folder, watchdog.watched), 1.0)
    assert (trouble.kind, trouble.console, trouble.reason) == ("died", key, "its process is gone")


def test_one_that_was_closed_has_not_died_also_when_its_clock_was_set_back(folder, open_console, watchdog):
    key, process, _log, files = open_console()
    watchdog.look(signs_of_consoles(folder, watchdog.watched), 0.0)
    files.leave()
    back = ConsoleLog(folder, key, clock=lambda: time.time() - 7200)
    back.add("closed")
    back.close()
    process.kill()
    process.wait()
    assert watchdog.look(signs_of_consoles(folder, watchdog.watched), 1.0) == []
    assert watchdog.watched == {}


def test_one_that_was_closed_on_a_full_disk_has_not_died(folder, open_console, watchdog):
    _key, process, _log, files = open_console()
    watchdog.look(signs_of_consoles(folder, watchdog.watched), 0.0)
    files.leave()  # removes its file; `closed` could not be written
    process.kill()
    process.wait()
    assert watchdog.look(signs_of_consoles(folder, watchdog.watched), 1.0) == []


def test_a_console_of_another_computer_is_not_judged(folder, open_console, watchdog):
    _key, process, _log, _files = open_console(host="another")
    watchdog.look(signs_of_consoles(folder, watchdog.watched), 0.0)
    process.kill()
    process.wait()
    assert watchdog.look(signs_of_consoles(folder, watchdog.watched), 1.0) == []


def test_a_stopped_process_is_seen(folder, open_console, watchdog):
    key, process, _log, _files = open_console()
    watchdog.look(signs_of_consoles(folder, watchdog.watched), 0.0)
    process.send_signal(signal.SIGSTOP)
    wait_for(lambda: signs_of_consoles(folder, watchdog.watched)[key].is_stopped)
    process.send_signal(signal.SIGCONT)
    wait_for(lambda: not signs_of_consoles(folder, watchdog.watched)[key].is_stopped)


def test_a_computer_that_was_started_anew_is_said(folder, open_console, watchdog):
    key, *_ = open_console()
    watchdog.look(signs_of_consoles(folder, watchdog.watched), 0.0)
    watched = dataclasses.replace(watchdog.watched[key], process=watchdog.watched[key].process | {"boot": "before"})
    if not os.path.exists("/proc/sys/kernel/random/boot_id"):
        pytest.skip("this system has no id of its start")
    assert signs_of_consoles(folder, {key: watched})[key].why_dead == "the computer was started anew"
