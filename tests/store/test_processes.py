"""Whether the process that wrote something still lives."""

from __future__ import annotations

import subprocess
import sys

from beamshell.store.processes import this_process, why_dead


def test_this_process_lives():
    assert why_dead(this_process()) == ""


def test_a_process_that_has_ended_is_gone():
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        process.wait()
    assert why_dead({**this_process(), "pid": process.pid}) == "its process is gone"


def test_a_process_that_has_the_number_of_an_earlier_one_is_not_that_one():
    assert why_dead({**this_process(), "began": -1}) == "its process is gone"


def test_before_the_computers_last_start_nothing_lives():
    assert why_dead({**this_process(), "boot": "another start"}) == "the computer was started anew"


def test_nobody_knows_of_a_process_on_another_computer():
    assert why_dead({**this_process(), "host": "elsewhere", "pid": 2**22 + 1}) == ""


def test_an_entry_without_facts_says_nothing():
    assert why_dead({"host": this_process()["host"]}) == ""
