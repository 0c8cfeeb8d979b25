"""Questions at the prompt: what an answer means, and that Ctrl+C never leaves one waiting."""

import signal

import pytest

from beamshell.engine.interrupts import OWNER, ask
from beamshell.shell.cell_interrupts import ClosingInterrupts
from beamshell.shell.questions import agrees


@pytest.mark.parametrize("default", [True, False])
@pytest.mark.parametrize(("answer", "means"), [("y", True), (" Yes", True), ("n", False), ("no", False), ("wm", False)])
def test_only_a_yes_is_a_yes_and_an_empty_line_is_the_default(answer, means, default, monkeypatch):
    answers = iter([answer, ""])
    monkeypatch.setattr("builtins.input", lambda _: next(answers))
    assert agrees("Go?", default=default) is means
    assert agrees("Go?", default=default) is default


def test_a_long_question_is_broken_between_words(monkeypatch):
    asked = []
    monkeypatch.setattr("builtins.input", lambda question: asked.append(question) or "n")
    monkeypatch.setattr("beamshell.shell.questions.window_width", lambda _stream: 40)
    agrees("beamshell: a plan is paused, and is aborted if you leave. Leave?", default=False)
    assert asked == ["beamshell: a plan is paused, and is\n  aborted if you leave. Leave? [y/N] "]


def press(_question):
    signal.raise_signal(signal.SIGINT)
    pytest.fail("the question goes on waiting")


def test_ctrl_c_at_a_question_is_a_no_whoever_has_the_presses_otherwise(monkeypatch, capsys):
    monkeypatch.setattr("builtins.input", press)
    with OWNER.watch(ClosingInterrupts()):  # its own presses interrupt nothing
        assert not agrees("Go?", default=True, at_end=True)
        with pytest.raises(KeyboardInterrupt):
            ask("Which?")
    assert capsys.readouterr().err == "\n\n"


def test_ctrl_d_means_what_the_question_says(monkeypatch):
    def end(_):
        raise EOFError

    monkeypatch.setattr("builtins.input", end)
    assert agrees("Leave?", default=False, at_end=True)
    assert not agrees("Go?", default=True)


def test_ctrl_c_at_a_question_of_ipython_is_a_no(prompt, monkeypatch):
    asked = []

    def interrupt(question):
        asked.append(question)
        if len(asked) > 1:
            pytest.fail("it asks again")
        raise KeyboardInterrupt

    monkeypatch.setattr("builtins.input", interrupt)
    prompt("x = 5")
    prompt("%reset")
    assert len(asked) == 1
    assert prompt.names["x"] == 5
