"""Values that are typed alone at the prompt."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config

from beamshell.devices.sim import SynAxis
from beamshell.shell import values_shown
from beamshell.shell.values_shown import show_values, without_number


def test_a_value_has_no_number_so_that_the_scans_have_the_only_ones():
    hook = SimpleNamespace()
    undo = without_number(hook)
    hook.write_output_prompt()
    assert hook.prompt_end_newline  # it begins at the left
    undo()
    assert not hasattr(hook, "write_output_prompt")


@pytest.fixture
def show(monkeypatch):
    """What is shown of a value in a window of some columns; None for a pipe."""
    shell = InteractiveShell(config=Config({"HistoryManager": {"enabled": False}}))

    def show_one(value, columns):
        monkeypatch.setattr(values_shown, "window_width", lambda _stream: columns)
        return shell.displayhook.compute_format_data(value)[0]["text/plain"].split("\n")

    undo = show_values(shell)
    yield show_one
    undo()
    assert not {"compute_format_data", "write_output_prompt"} & vars(shell.displayhook).keys()


def test_an_object_of_ours_is_broken_between_words(show):
    axis = SynAxis(name="the_angle_of_the_sample")
    (whole,) = show(axis, None)
    lines = show(axis, 40)
    assert max(map(len, lines)) <= 40
    assert " ".join(lines).split() == whole.split()


def test_a_list_is_broken_between_its_items_and_a_text_stays_whole_so_that_it_can_be_copied(show):
    items = [f"item {n}" for n in range(9)]
    assert max(map(len, show(items, 40))) <= 40
    assert "".join(show(items, 40)).replace("\n", "") == "".join(show(items, None))
    assert show("a long text " * 9, 40) == [repr("a long text " * 9)]
