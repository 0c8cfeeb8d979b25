"""The place of an error in the person's own code, "/home/me/align.py:3, in sweep", and the lines of it that led there.

Own is what is neither beamshell nor installed with Python. It knows no shell; a cell of a prompt is told by its name.
"""

from __future__ import annotations

import ast
import re
import sysconfig
import traceback
from functools import cache
from pathlib import Path

_PACKAGE = str(Path(__file__).parents[1])
_PROMPT = "<ipython-input"
_COMMAND = re.compile(r"(?P<before>(?:\w[^=]*= )?)get_ipython\(\)\.run_line_magic\((?P<words>.*)\)\s*")
"""A command of ours in the code of a cell; it may stand behind "x = "."""
_INSTALLED = ("site-packages", "dist-packages")


def own_frames(exc: BaseException) -> list[traceback.FrameSummary]:
    """The lines of the person's own code that an error came through, the innermost last.

    A command that is typed at the prompt is no code of theirs; in a function of theirs it is.
    """
    frames = traceback.extract_tb(exc.__traceback__)
    return [frame for frame in frames if _is_own(frame.filename) and not _is_typed_command(frame)]


def _is_typed_command(frame: traceback.FrameSummary) -> bool:
    """Whether a frame is a line of a cell that is one command of ours."""
    is_typed = frame.filename.startswith(_PROMPT) and frame.name == "<module>"
    return is_typed and _COMMAND.fullmatch(frame.line or "") is not None


def _as_typed(line: str) -> str:
    """A line of a cell as the person has typed it: "mov th 1"."""
    match = _COMMAND.fullmatch(line)
    try:
        words = ast.literal_eval(f"[{match['words']}]") if match else []
    except (SyntaxError, ValueError):
        words = []
    return match["before"] + " ".join(words).removeprefix("value_of ").strip() if match and words else line


def place_in_own_code(exc: BaseException) -> str:
    """The innermost place in the person's own code: "/home/me/align.py:3, in sweep"; "" if there is none.

    A cell has no file, so the text of its line is added: "line 3, in sweep: mv(smaple, 1)". The place in a cell of one
    line is "", since it stands on the screen.
    """
    frames = own_frames(exc)
    return place_of_frame(frames[-1]) if frames else ""


def place_of_frame(frame: traceback.FrameSummary) -> str:
    """A line of a person's own code as a place, likewise; "" if it is not their own."""
    if not _is_own(frame.filename):
        return ""
    function = "" if frame.name == "<module>" else f", in {frame.name}"
    if not frame.filename.startswith(_PROMPT):
        return f"{frame.filename}:{frame.lineno}{function}"
    line = _as_typed(frame.line or "")
    return f"line {frame.lineno}{function}: {line}" if function or (frame.lineno or 1) > 1 else ""


def with_place(exc: BaseException) -> str:
    """An error with its type and its place in the person's own code: "NameError: ... (/home/me/align.py:3, in sweep)".

    Example:
        >>> with_place(ValueError("too hot"))
        'ValueError: too hot'
    """
    message = message_of(exc)
    text = f"{type(exc).__name__}: {message}" if message else type(exc).__name__
    place = place_in_own_code(exc)
    return f"{text} ({place})" if place else text


def message_of(exc: BaseException) -> str:
    """The message of an error in one line; an error whose own text fails has none."""
    try:
        return " ".join(str(exc).split())
    except Exception as failure:  # noqa: BLE001  its class may be anybody's
        return f"its message cannot be shown: {type(failure).__name__}"


def full_traceback(exc: BaseException) -> str:
    """The traceback of an error; where it came through own code, that comes first."""
    text = "".join(traceback.format_exception(exc))
    frames = own_frames(exc)
    if not frames:
        return text
    own = "".join([*traceback.format_list(frames), *traceback.format_exception_only(exc)])
    return f"In your own code:\n{own}\nAll of it:\n{text}"


@cache
def _is_own(filename: str) -> bool:
    if filename.startswith("<"):
        return filename.startswith(_PROMPT)
    installed = any(folder in Path(filename).parts for folder in _INSTALLED)
    return not installed and not filename.startswith((_PACKAGE, sysconfig.get_path("stdlib")))
