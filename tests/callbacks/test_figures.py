from __future__ import annotations

import pytest

from beamshell.callbacks.figures import choose_backend, has_display


@pytest.mark.parametrize(
    ("environ", "platform", "seen"),
    [
        ({}, "linux", False),
        ({"DISPLAY": ":0"}, "linux", True),
        ({"WAYLAND_DISPLAY": "wayland-0"}, "linux", True),
        ({"QT_QPA_PLATFORM": "vnc:size=800x600"}, "linux", True),
        ({"QT_QPA_PLATFORM": "offscreen", "DISPLAY": ":0"}, "linux", False),
        ({"QT_QPA_PLATFORM": "offscreen", "BEAMSHELL_PLOTS": "window"}, "linux", True),
        ({"DISPLAY": ":0", "BEAMSHELL_PLOTS": "none"}, "linux", False),
        ({}, "darwin", True),
        ({"SSH_CONNECTION": "somewhere"}, "darwin", False),
    ],
)
def test_there_is_a_display_when_somebody_would_see_the_window(environ, platform, seen):
    assert has_display(environ, platform) is seen


def test_without_a_display_there_is_no_backend():
    assert choose_backend({"MPLBACKEND": "qtagg"}, "linux") is None


@pytest.mark.parametrize(("asked", "backend"), [("TkAgg", "tkagg"), ("agg", None), ("module://inline", None)])
def test_the_backend_that_was_asked_for_is_obeyed(asked, backend):
    assert choose_backend({"DISPLAY": ":0", "MPLBACKEND": asked}, "linux") == backend


def test_a_toolkit_that_runs_already_is_the_one():
    assert choose_backend({"DISPLAY": ":0", "MPLBACKEND": "tkagg"}, "linux", in_use="qtagg") == "qtagg"
