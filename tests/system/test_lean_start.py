"""What a console imports before it is needed is counted: each library here costs the start as much as a fifth of it."""

from __future__ import annotations

NOT_AT_THE_START = (
    "numpy",
    "scipy",
    "matplotlib",
    "epics",
    "charset_normalizer",
    "h5py",
    "importlib.metadata",
    "beamshell.analysis",
    "beamshell.plans.adaptive",
    "beamshell.plans.alignment",
    "beamshell.plans.scans",
    "beamshell.callbacks.best_effort",
    "beamshell.simulate",
    "beamshell.store.run",
    "beamshell.store.table",
    "difflib",
    "beamshell.ioc",
)
"""What a profile without EPICS needs with its first scan at the earliest."""

LOADED = f"print('loaded', [name for name in {NOT_AT_THE_START} if name in __import__('sys').modules])"

AT_THE_PROMPT = """
import sys
from pathlib import Path

rendered = get_ipython().pt_app.app.after_render

def count(_app):
    rendered.remove_handler(count)
    Path({file!r}).write_text(str([name for name in {names} if name in sys.modules]))

rendered.add_handler(count)
"""


def test_a_command_line_imports_nothing_that_it_does_not_need(run_beamshell):
    done = run_beamshell("--profile", "template", "-c", LOADED)
    assert done.stdout == "loaded []\n", done.stderr


def test_the_first_prompt_is_drawn_before_what_the_first_scan_needs_is_imported(open_console, data):
    (data / "startup").mkdir(parents=True)
    (data / "startup" / "count.py").write_text(AT_THE_PROMPT.format(file=str(data / "count"), names=NOT_AT_THE_START))
    terminal = open_console("--profile", "template", "--Beamshell.name=demo")
    terminal.do("scan det motor -1 1 3")
    assert (data / "count").read_text() == "[]"
    assert len(terminal.runs) == 1
    assert terminal.do("'numpy' in __import__('sys').modules").endswith("True")


def test_a_command_on_the_demo_imports_no_library_that_its_devices_do_not_need(run_beamshell):
    loaded = (
        "print('loaded', [name for name in ('p4p', 'httpx', 'serial', 'numpy') if name in __import__('sys').modules])"
    )
    done = run_beamshell("-c", f"wm th\n{loaded}")
    assert done.stdout.endswith("loaded ['numpy']\n"), done.stderr


def test_the_death_of_the_consoles_own_ioc_is_said_once(run_beamshell):
    done = run_beamshell("-c", "wm th\nimport os; os.kill(session.ioc.pid, 9)\nwm th\nwm th")
    assert done.stderr.count("the IOC of this console has ended, so its devices are offline") == 1
    assert "session.ioc.restart()" in done.stderr
