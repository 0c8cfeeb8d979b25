"""docs/how-to/extend/command.md does what it says, in a package of its own (in a file: tests/shell)."""

from __future__ import annotations

import re
import sys
import tomllib
from pathlib import Path

import pytest
from IPython.core.interactiveshell import InteractiveShell
from own_commands import own_commands
from tiny_package import installed
from traitlets.config import Config

from beamshell.shell import extension

PAGE = (Path(__file__).parents[2] / "docs" / "how-to" / "extend" / "command.md").read_text()
MODULE, _ = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
(PROJECT,) = (tomllib.loads(text)["project"] for text in re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL))


@pytest.fixture
def my_beamline(tmp_path):
    """The page's package, installed, and a command of it that cannot be imported."""
    ((group, entries),) = PROJECT["entry-points"].items()
    ((name, function),) = entries.items()
    module, _, attribute = function.partition(":")
    (tmp_path / "site").mkdir()
    with installed(tmp_path / "site", module, MODULE, {group: {name: attribute, "broken": "not_there"}}):
        yield


@pytest.fixture
def typed(my_beamline, tmp_path, monkeypatch, capsys):
    """What a line shows in a console where the page's package is installed."""
    monkeypatch.setenv("BEAMSHELL_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("BEAMSHELL_PLOTS", "none")
    shell = InteractiveShell(config=Config({"HistoryManager": {"enabled": False}}))

    def type_line(line):
        shell.run_cell(line)
        output = capsys.readouterr()
        return output.out + output.err

    with own_commands():
        extension.load(shell)
        capsys.readouterr()
        yield type_line
        extension.unload(shell)


def test_the_package_is_imported_when_its_command_is_first_used(typed):
    assert typed("mov motor 1").endswith("-> 1.000\n")
    assert "my_beamline.commands" not in sys.modules
    assert typed("nod motor 2") == ""
    assert "my_beamline.commands" in sys.modules
    assert "nod: 'x' is not a number (times)" in typed("nod motor x")


def test_it_can_be_called_in_python_before_it_was_ever_typed(typed):
    assert typed("nod(motor, 1)") == ""
    assert "my_beamline.commands" in sys.modules


def test_it_is_in_bhelp_and_a_package_that_cannot_be_imported_is_one_line(typed):
    output = typed("bhelp moving")
    assert re.search(r"Moving\n(  .*\n)*  nod motor 3 ", output)
    assert "beamshell: the package my_beamline cannot add 'broken': AttributeError" in output
    assert "cannot add 'broken'" in typed("broken")
    assert "RE(nod.plan(motor, 3))" in typed("bhelp nod")
