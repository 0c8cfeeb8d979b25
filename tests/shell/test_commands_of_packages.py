"""Commands of other packages at the prompt: those that cannot be used harm nobody else."""

from __future__ import annotations

import pytest
from tiny_package import installed

from beamshell.errors import ConfigError
from beamshell.shell.command_set import CommandSet
from beamshell.shell.commands import commands
from beamshell.shell.completion import candidates


@pytest.fixture
def added(monkeypatch) -> CommandSet:
    """The console's commands, without what other tests have learnt of packages."""
    added = commands()
    monkeypatch.setattr(added, "_entry_points", {})
    monkeypatch.setattr(added, "_plugins", {})
    return added


@pytest.mark.parametrize("fault", ["1 / 0", "raise SystemExit(3)", "from tiny import tiny"])
def test_a_command_that_cannot_be_imported_is_named_and_tab_and_the_others_go_on(fault, added, tmp_path):
    with installed(tmp_path, "tiny", f"{fault}\n", {"beamshell.commands": {"tiny": "tiny"}}):
        [problem] = added.load_plugins()
        assert str(problem).startswith("the package tiny cannot add 'tiny'")
        with pytest.raises(ConfigError, match="the package tiny cannot add 'tiny'"):
            added.find("tiny")
        assert "scan" in candidates("rehearse sc", added, {})
        assert candidates("tiny ", added, {}) == candidates("rehearse tiny ", added, {}) == []


def test_a_package_cannot_take_a_name_that_means_something_already(added, tmp_path, monkeypatch):
    monkeypatch.setattr(added, "meaning", {"time": "a magic of IPython"}.get)
    names = {"print": "print", "time": "time", "two words": "two"}
    with installed(tmp_path, "tiny", "", {"beamshell.commands": names}):
        problems = sorted(map(str, added.load_plugins()))
        assert [problem.split(" cannot be")[0] for problem in problems] == ["'print'", "'time'", "'two words'"]
        assert not names.keys() & set(added)
