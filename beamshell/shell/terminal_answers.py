"""Asks the terminal which pictures it shows, and reads its answer, without a trace on the screen or in what is typed.

It never shows a picture. A terminal that does not answer is asked once, and shows none.
"""

from __future__ import annotations

import os
import re
import select
import sys
import time
from collections.abc import Callable, Mapping
from typing import Any, Literal

from beamshell.text.window import has_colours

Protocol = Literal["kitty", "iterm", "sixel"]

_PATIENCE_S = 2.0
"""Seconds that the answer may take. Every terminal since the VT100 answers the last question."""
_QUESTIONS = (
    b"\x1b_Gi=31,s=1,v=1,a=q,t=d,f=24;AAAA\x1b\\"  # kitty: would you show this pixel?
    b"\x1b[>q"  # your name and version (XTVERSION of xterm)
    b"\r\x1b[K"  # one that shows a question which it does not know, shows it no more
    b"\x1b[c"  # your abilities (primary device attributes); 4 is sixels
)
_KITTY = re.compile(rb"\x1b_Gi=31;([^\x1b]*)\x1b\\")
_NAME = re.compile(rb"\x1bP>\|([^\x1b]*)\x1b\\")
_ABILITIES = re.compile(rb"\x1b\[\?([0-9;]*)c")
_SIXELS = b"4"
_NAMES_OF_ITERM = (b"iterm2",)
_SILENT = ("", "dumb", "linux", "unknown")
"""Values of TERM of terminals that show no pictures, and might show the questions."""


def pictures_of(answer: bytes) -> Protocol | None:
    """The protocol that an answer allows; None for no pictures.

    Args:
        answer: to the questions; what was typed meanwhile may stand among it.
    """
    kitty, name, abilities = (pattern.search(answer) for pattern in (_KITTY, _NAME, _ABILITIES))
    if kitty and kitty[1] == b"OK":
        return "kitty"
    if name and name[1].lower().startswith(_NAMES_OF_ITERM):
        return "iterm"
    if abilities and _SIXELS in abilities[1].split(b";")[1:]:
        return "sixel"
    return None


def typed_in(answer: bytes) -> bytes:
    """What a person has typed while the terminal answered."""
    for pattern in (_KITTY, _NAME, _ABILITIES):
        answer = pattern.sub(b"", answer)
    return answer


def may_be_asked(environ: Mapping[str, str]) -> bool:
    """Whether the terminal of this environment takes the questions without showing them.

    tmux answers for itself, and passes no question on. GNU screen would show one.
    """
    term = environ.get("TERM", "")
    return term not in _SILENT and ("TMUX" in environ or not term.startswith("screen"))


def ask(environ: Mapping[str, str], keep_typed: Callable[[bytes], object]) -> Protocol | None:
    """Which pictures the terminal of the standard input and output shows; None for none, as with NO_COLOR.

    Args:
        environ: the environment.
        keep_typed: called with what a person has typed meanwhile, if anything.
    """
    try:
        source, target = sys.stdin.fileno(), sys.stdout.fileno()
        if not (os.isatty(source) and has_colours(sys.stdout) and may_be_asked(environ)):
            return None
    except (AttributeError, OSError, ValueError):  # replaced, or closed
        return None
    sys.stdout.flush()
    answer = _answer(source, target)
    if typed := typed_in(answer):
        keep_typed(typed)
    return pictures_of(answer)


def _answer(source: int, target: int) -> bytes:
    """What comes until the last question is answered, or the time is over. Nothing of it is echoed."""
    import termios

    before = termios.tcgetattr(source)
    quiet = [*before]
    quiet[3] &= ~(termios.ECHO | termios.ICANON)
    answer = b""
    try:
        termios.tcsetattr(source, termios.TCSADRAIN, quiet)
        os.write(target, _QUESTIONS)
        until = time.monotonic() + _PATIENCE_S
        while not _ABILITIES.search(answer) and (left_s := until - time.monotonic()) > 0:
            if select.select([source], [], [], left_s)[0]:
                answer += os.read(source, 4096)
    except OSError:  # the terminal is gone
        return answer
    finally:
        termios.tcsetattr(source, termios.TCSADRAIN, before)
    return answer


def type_again(shell: Any, typed: bytes) -> None:
    """Give what a person has typed to the next prompt of an IPython shell.

    Args:
        shell: one without a prompt of its own reads the terminal by lines, and cannot be given any.
        typed: as the terminal sent it.
    """
    if (prompt := getattr(shell, "pt_app", None)) is None:
        return
    from prompt_toolkit.input.typeahead import store_typeahead
    from prompt_toolkit.input.vt100_parser import Vt100Parser
    from prompt_toolkit.key_binding import KeyPress

    keys: list[KeyPress] = []
    parser = Vt100Parser(keys.append)
    parser.feed(typed.decode(errors="ignore"))
    parser.flush()
    store_typeahead(prompt.app.input, keys)
