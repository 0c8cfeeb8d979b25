"""A prompt without a terminal: a real IPython shell with a console on simulated devices."""

from __future__ import annotations

import pytest
from IPython.core.interactiveshell import InteractiveShell
from own_commands import own_commands
from traitlets.config import Config

from beamshell.devices.sim import SynAxis
from beamshell.shell import extension

MOTORS = ("th", "tth", "samx")


class Prompt:
    """What a person types at one console, and what they see."""

    def __init__(self, shell, session):
        self.shell = shell
        self.session = session

    def __call__(self, cell):
        """The value of a cell."""
        return self.shell.run_cell(cell).result

    def position(self, motor):
        return self.session.devices[motor].position

    @property
    def names(self):
        return self.shell.user_ns


@pytest.fixture(scope="module")
def module_prompt(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch, own_commands():
        patch.setenv("BEAMSHELL_DATA", str(tmp_path_factory.mktemp("data")))
        patch.setenv("BEAMSHELL_PLOTS", "none")
        shell = InteractiveShell(config=Config({"HistoryManager": {"enabled": False}}))
        shell.run_line_magic("xmode", "Minimal")
        session = extension.load(shell)
        for name in MOTORS:
            session.registry.add(SynAxis(name=name))
        session.names.set_devices(session.registry)
        yield Prompt(shell, session)
        extension.unload(shell)


@pytest.fixture
def prompt(module_prompt, capsys):
    """The file's console, idle, its motors at zero, and without variables of other tests."""
    if module_prompt.session.state == "paused":
        module_prompt("%abort")
    module_prompt("%reset -f")
    for name in MOTORS:
        module_prompt.session.devices[name].set(0).wait(5)
    capsys.readouterr()
    return module_prompt


@pytest.fixture
def typed(prompt, capsys):
    """What a cell shows."""

    def type_cell(cell):
        prompt.shell.run_cell(cell)
        output = capsys.readouterr()
        return output.out + output.err

    return type_cell
