"""Questions to the person at the prompt: yes or no, ours and those of IPython; which of a few things."""

from __future__ import annotations

import sys
from collections.abc import Callable, Collection
from typing import Any

from beamshell.engine.interrupts import ask
from beamshell.text.nearest import unknown
from beamshell.text.window import fitted, window_width


def agrees(question: str, *, default: bool, at_end: bool = False) -> bool:
    """Whether the person says yes; Ctrl+C and whatever is not understood is a no.

    Args:
        question: in words.
        default: the meaning of an empty line.
        at_end: the meaning of Ctrl+D, or of a terminal that has gone.
    """
    line = fitted(f"{question} {'[Y/n]' if default else '[y/N]'}", window_width(sys.stdout))
    try:
        answer = ask(f"{line} ").strip().lower()
    except KeyboardInterrupt:
        return False
    except EOFError:
        return at_end
    return default if not answer else answer in ("y", "yes")


def is_attended(shell: Any) -> bool:
    """True if somebody is at the prompt and can answer; nobody is with -c, a file, a pipe or a notebook."""
    return bool(getattr(getattr(shell, "parent", None), "interact", False))


def let_ctrl_c_say_no(shell: Any) -> Callable[[], None]:
    """Let Ctrl+C be a no at the questions of IPython too, such as that of `reset`, which ask again otherwise.

    Args:
        shell: an IPython shell.

    Returns:
        A function that undoes this.
    """
    ask_yes_no = shell.ask_yes_no

    def ask_once(prompt: str, default: str | None = None, interrupt: str | None = "n") -> bool:
        return bool(ask_yes_no(prompt, default, interrupt))

    shell.ask_yes_no = ask_once
    return lambda: delattr(shell, "ask_yes_no")


def choose(question: str, names: Collection[str]) -> list[str]:
    """The names that the person chooses, in their order: all, none or some; Ctrl+C, Ctrl+D and nothing are none.

    Args:
        question: in words.
        names: to choose from.

    Raises:
        UnknownName: a word of the answer is none of them; the message offers the nearest.
    """
    line = fitted(f"{question} all, none, or some of them [none]:", window_width(sys.stdout))
    try:
        answer = ask(f"{line} ").replace(",", " ").split()
    except (KeyboardInterrupt, EOFError):
        return []
    if answer in ([], ["none"], ["n"], ["no"]):
        return []
    if answer in (["all"], ["a"]):
        return list(names)
    for word in answer:
        if word not in names:
            raise unknown("motor", word, names)
    return [name for name in names if name in answer]
