"""The callbacks that the pages show do what they say, with a scan of the engine."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from beamshell.devices.sim import SynAxis, SynGauss
from beamshell.engine import RunEngine
from beamshell.plans import scan as scan_plan

HOW_TO = Path(__file__).parents[3] / "docs" / "how-to"
BLOCK = re.compile(r"```python\n(.*?)```", re.DOTALL)


@pytest.fixture
def example_of(monkeypatch):
    """Runs the callback of a page, with another address in it; the sinks that it has made are closed at the end."""
    names = {"RE": RunEngine()}

    def run(page, address, replacement):
        (code,) = [block for block in BLOCK.findall((HOW_TO / page).read_text()) if "RE.subscribe" in block]
        assert address in code
        exec(code.replace(address, replacement), names)
        motor = SynAxis(name="motor")
        names["RE"](scan_plan([SynGauss(name="det", motor=motor)], motor, -1, 1, 3))

    yield run
    if "logbook" in names:
        names["logbook"].close()


def test_the_callback_for_elog(example_of, elog, monkeypatch):
    monkeypatch.setenv("ELOG_PASSWORD", "xyzzy")
    example_of("logbook.md", "https://elog.example.org/Beamline", elog.url)
    (entry,) = elog.entries.values()
    assert re.fullmatch(r"run [0-9a-f]{8}: success", entry["Subject"])
    assert entry["Text"].startswith("all points are measured")


def test_the_callback_for_telegram(example_of, telegram, monkeypatch):
    monkeypatch.setenv("TELEGRAM_TOKEN", "TOKEN")
    monkeypatch.setenv("TELEGRAM_CHAT", "4711")
    example_of("messages.md", "https://api.telegram.org", telegram.address)
    (message,) = telegram.messages
    assert message["chat_id"] == "4711"
    assert re.fullmatch(r"run [0-9a-f]{8}: success ", message["text"])
