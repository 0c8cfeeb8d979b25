"""The table of our commands' words: it names the module that adds each, and a console imports only what is typed."""

from __future__ import annotations

import subprocess
import sys

import pytest

from beamshell.shell.commands import WORDS, commands

IMPORTED = "[name for name in sys.modules if name.startswith('beamshell.shell.commands.')]"


def after(lines: str) -> str:
    """What a fresh interpreter prints that knows the commands."""
    script = f"import sys\nfrom beamshell.shell.commands import commands\nall = commands()\n{lines}"
    return subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout.strip()


@pytest.mark.parametrize("module", WORDS)
def test_a_module_adds_the_words_that_the_table_says(module):
    path = f"beamshell.shell.commands.{module}"
    ours = [command for command in commands().commands if command.function.__module__ == path]
    assert [word for command in ours for word in (command.name, *command.aliases)] == WORDS[module].split()


def test_no_command_is_imported_before_it_is_used():
    assert after(f"print({IMPORTED}, 'scan' in all, len(all) > 90)") == "[] True True"


def test_a_command_that_is_used_brings_its_module_alone():
    assert after(f"all.find('md')\nprint({IMPORTED})") == "['beamshell.shell.commands.metadata']"


def test_a_text_brings_the_commands_that_it_names():
    assert (
        after(f"all.import_named_in('help(md) # scanned')\nprint({IMPORTED})")
        == "['beamshell.shell.commands.metadata']"
    )


def test_a_function_has_its_help_once_its_command_is_imported():
    printed = after("f = all.function('md')\nall.find('md')\nprint(f.__doc__ is not None, f.__signature__)")
    assert printed.startswith("True (")


def test_a_command_of_another_takes_the_place_of_ours_which_does_not_come_back():
    printed = after(
        "from beamshell.shell.command import Command\n"
        "def ct(): 'My own.'\n"
        "all.add(Command(ct))\n"
        "all.find('scan')\n"
        "print(all['ct'].summary, [c.name for c in all.commands if c.name == 'ct'])"
    )
    assert printed == "My own. ['ct']"


def test_the_function_of_our_command_stays_ours_when_an_own_one_takes_its_name():
    printed = after(
        "from beamshell.shell.command_set import command\n"
        "at_the_prompt = all.function('scan')\n"
        "from beamshell.shell.commands.scans import scan as imported\n"
        "@command()\n"
        "def scan(): 'My own.'\n"
        "functions = at_the_prompt, imported, scan, all.function('scan')\n"
        "print([f.getdoc().startswith('My own.') for f in functions])"
    )
    assert printed == "[False, False, True, True]"
