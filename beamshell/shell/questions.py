"""Questions to the person at the prompt that are answered with yes or no."""

from __future__ import annotations

from beamshell.engine.interrupts import ask


def agrees(question: str, *, default: bool, at_end: bool = False) -> bool:
    """Whether the person says yes; Ctrl+C and whatever is not understood is a no.

    Args:
        question: in words.
        default: the meaning of an empty line.
        at_end: the meaning of Ctrl+D, or of a terminal that has gone.
    """
    try:
        answer = ask(f"{question} {'[Y/n]' if default else '[y/N]'} ").strip().lower()
    except KeyboardInterrupt:
        return False
    except EOFError:
        return at_end
    return default if not answer else answer in ("y", "yes")
