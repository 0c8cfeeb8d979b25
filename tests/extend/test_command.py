"""docs/how-to/extend/command.md does what it says, in a package of its own (in a file: tests/shell)."""

from __future__ import annotations

import re
import sys
import tomllib
from pathlib import Path

import pytest
from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config

from beamshell import plugins
from beamshell.shell import extension
from beamshell.shell.command_set import COMMANDS
from beamshell.shell.commands import commands

PAGE = (Path(__file__).parents[2] / "docs" / "how-to" / "extend" / "command.md").read_text()
MODULE, _ = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
(PROJECT,) = (tomllib.loads(text)["project"] for text in re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL))


@pytest.fixture
def typed(tmp_path, monkeypatch, capsys):
    """What a line shows in a console where the page's package is installed, beside one that cannot be imported."""
    package = tmp_path / "site" / "my_beamline"
    package.mkdir(parents=True)
    (package / "__init__.py").touch()
    (package / "commands.py").write_text(MODULE)
    info = package.parent / "my_beamline-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: my-beamline\nVersion: 1\n")
    ((group, entries),) = PROJECT["entry-points"].items()
    lines = [f"[{group}]", *(f"{name} = {function}" for name, function in entries.items()), "broken = not_there:broken"]
    (info / "entry_points.txt").write_text("\n".join(lines))
    monkeypatch.syspath_prepend(str(package.parent))
    monkeypatch.setenv("BEAMSHELL_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("BEAMSHELL_PLOTS", "none")
    monkeypatch.setattr(COMMANDS, "_by_name", dict(commands()._by_name))
    plugins.entry_points_of.cache_clear()
    shell = InteractiveShell(config=Config({"HistoryManager": {"enabled": False}}))
    extension.load(shell)
    capsys.readouterr()

    def type_line(line):
        shell.run_cell(line)
        output = capsys.readouterr()
        return output.out + output.err

    yield type_line
    extension.unload(shell)
    plugins.entry_points_of.cache_clear()
    for name in ("my_beamline.commands", "my_beamline"):
        sys.modules.pop(name, None)


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
    shown = typed("bhelp")
    assert re.search(r"Moving\n(  .*\n)*  nod motor 3 ", shown)
    assert "beamshell: the package my-beamline cannot add 'broken': ModuleNotFoundError" in shown
    assert "cannot add 'broken'" in typed("broken")
    assert "RE(nod.plan(motor, 3))" in typed("bhelp nod")
