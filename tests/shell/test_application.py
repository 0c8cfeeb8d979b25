"""The options of the console's application."""

from __future__ import annotations

import pytest

from beamshell.errors import UsageError
from beamshell.shell.application import BeamshellApp


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--zzz"], "no option --zzz (beamshell --help shows them)"),
        (
            ["--Beamshell.name=x", "--no-baner"],
            "no option --no-baner: did you mean --no-banner? (beamshell --help shows them)",
        ),
        (["--zzz=3", "-c", "wa"], "no option --zzz (beamshell --help shows them)"),
    ],
)
def test_an_option_that_does_not_exist_is_one_line(words, message):
    with pytest.raises(UsageError) as refused:
        BeamshellApp().parse_command_line(words)
    assert str(refused.value) == message


def test_what_follows_a_command_or_a_file_is_no_option():
    app = BeamshellApp()
    app.parse_command_line(["--no-banner", "-c", "print('--nope')"])
    assert app.code_to_run == "print('--nope')"
