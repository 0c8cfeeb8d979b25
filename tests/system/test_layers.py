"""The demo console and one of each control system: read, set, offline and back again."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

LAYERS = ("temp_pva", "chiller", "gas")


def column_of(table: str, column: int) -> list[str]:
    """The words of one column of the table of positions, for the devices in LAYERS."""
    rows = {line.split()[0]: line.split() for line in table.splitlines() if line.strip()}
    return [rows[name][column] for name in LAYERS]


def test_each_of_them_is_read_and_set_and_its_failure_reported(open_console: Callable[..., Any]) -> None:
    console = open_console(speed=10.0)
    console.do("mov temp_pva 297 chiller 22 gas 2 thickness 1.5")
    table = console.do("wm temp_pva chiller gas")
    assert column_of(table, 1) == ["297.000", "22.00", "2.000"], table
    assert column_of(table, -1) == ["K", "degC", "sccm"], table
    assert re.search(r"gauge +0\.000201 mbar", console.do("ct gauge"))
    assert "thickness: 1.50 -> 2.00 mm" in console.do("mov thickness 2")
    assert "gas: 11 sccm is above the limit 10 sccm" in console.do("mov gas 11")
    assert "chiller: 100 degC is above the limit 80 degC" in console.do("mov chiller 100")
    assert "thickness: 11 mm is above the limit 10 mm" in console.do("mov thickness 11")

    console.do("gauge.timeout = 0.5")
    console.do("session.ioc.kill()")
    console.wait_until(lambda: console.do("[d.connected for d in (temp_pva, chiller, gas)]").count("False") == 3)
    assert column_of(console.do("wm temp_pva chiller gas"), 1) == ["OFFLINE"] * 3
    for line, words in (
        ("mov chiller 30", r"chiller(_setpoint)?: .* lost its connection at .* is its server running\?"),
        ("mov gas 3", r"gas(_setpoint)?: .* lost its connection at .* is the instrument on"),
    ):
        message = " ".join(console.do(line).split())  # in one line, however wide the window
        assert re.search(words, message), message
    console.do("gauge.get()")  # what nobody subscribes to is missed when it is asked
    offline = console.do("offline")
    assert re.search(r"temp_pva +pva://BL:temp:RBV and 2 more +since", offline), offline
    console.wait_until(lambda: re.search(r"gauge +serial://\S+PRES +since", console.do("offline").replace("\n", "")))
    assert "thickness" not in offline

    console.do("session.ioc.restart(); session.ioc.wait_ready()")
    console.do("reconnect")
    assert re.search(r"chiller +answers\nthickness +answers", console.do("reconnect chiller thickness"))
    assert "[]" in console.do("session.registry.wait_for_connection(20)")
    assert column_of(console.do("wm temp_pva chiller gas"), 1) == ["295.000", "20.00", "0.000"]
    assert "chiller: 20.00 -> 21.00 degC" in console.do("mov chiller 21")
    assert console.leave() == 0


def test_a_library_that_is_missing_is_named_by_offline_and_not_at_the_start(data: Path) -> None:
    hidden = "import sys; sys.modules['httpx'] = sys.modules['serial'] = None\n"
    hidden += "from beamshell.shell.launch import main; sys.argv = ['beamshell']; main()"
    done = subprocess.run(
        [sys.executable, "-c", hidden],
        env=os.environ | {"BEAMSHELL_DATA": str(data)},
        input="print('at the prompt')\noffline\nmov th 0.1\n",
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    start, output = done.stdout.split("at the prompt")
    assert "httpx" not in start + done.stderr
    assert "chiller  is not there: " in output
    assert 'the library httpx, which is not installed: pip install "beamshell[http]"' in output
    assert 'pip install "beamshell[serial]"' in output
