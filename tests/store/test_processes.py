"""Whether the process that wrote something still lives."""

from __future__ import annotations

import os
import subprocess
import sys

from beamshell.store.processes import process_exists, this_process, why_dead


def test_this_process_lives():
    assert why_dead(this_process()) == ""


def test_a_process_that_has_ended_is_gone():
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        process.wait()
    assert why_dead({**this_process(), "pid": process.pid}) == "its process is gone"


def test_a_process_that_was_killed_is_gone_though_its_parent_has_not_noticed_it():
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        its_facts = {**this_process(), "pid": process.pid, "began": None}
        assert why_dead(its_facts) == ""
        process.kill()
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)  # until it has ended, and not more
        assert why_dead(its_facts) == "its process is gone"
        assert not process_exists(process.pid)


def test_a_process_that_has_the_number_of_an_earlier_one_is_not_that_one():
    assert why_dead({**this_process(), "began": -1}) == "its process is gone"


def test_before_the_computers_last_start_nothing_lives():
    assert why_dead({**this_process(), "boot": "another start"}) == "the computer was started anew"


def test_nobody_knows_of_a_process_on_another_computer():
    assert why_dead({**this_process(), "host": "elsewhere", "pid": 2**22 + 1}) == ""


def test_an_entry_without_facts_says_nothing():
    assert why_dead({"host": this_process()["host"]}) == ""
