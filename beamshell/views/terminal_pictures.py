"""Pictures as the text that shows them in a terminal: in the protocols of kitty and of iTerm2, and as sixels.

Pure: pixels in, text out. It knows no terminal. Sources: kitty's "Terminal graphics protocol", iTerm2's "Inline Images
Protocol", and for sixels chapter 14 of the VT330/VT340 Programmer Reference Manual (DEC, 1987).
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator
from itertools import groupby
from typing import TYPE_CHECKING, Any, TypeAlias

from beamshell.arrays import np

if TYPE_CHECKING:
    from numpy.typing import NDArray

Pixels: TypeAlias = "NDArray[np.uint8]"
"""Red, green and blue, shape (height, width, 3), the first row at the top."""

_CHUNK = 4096
"""Characters of one piece of a picture, in kitty's protocol."""
_LEVELS = 6
"""Of red, green and blue, each: 216 colours, for terminals with 256."""
_ROWS_OF_SIXEL = 6
_FIRST_SIXEL = 63
_SHORTEST_REPEAT = 4
"""Characters that are written as a number and the character, "!4~"."""


def in_kitty(png: bytes, columns: int, rows: int) -> str:
    """A picture for kitty, Ghostty, Konsole, WezTerm; the terminal answers nothing.

    Args:
        png: the picture.
        columns: characters that it is made to fill.
        rows: lines likewise.
    """
    text = b64encode(png).decode()
    pieces = [text[start : start + _CHUNK] for start in range(0, len(text), _CHUNK)]
    about = [f"a=T,f=100,q=2,c={columns},r={rows},", *[""] * (len(pieces) - 1)]
    more = [*[1] * (len(pieces) - 1), 0]
    return "".join(
        f"\x1b_G{key}m={is_last};{piece}\x1b\\" for key, is_last, piece in zip(about, more, pieces, strict=True)
    )


def in_iterm(png: bytes, columns: int, rows: int) -> str:
    """A picture for iTerm2, WezTerm, mintty, VS Code.

    Args:
        png: the picture.
        columns: characters that it is made to fill.
        rows: lines likewise.
    """
    about = f"inline=1;size={len(png)};width={columns};height={rows};preserveAspectRatio=1"
    return f"\x1b]1337;File={about}:{b64encode(png).decode()}\x07"


def in_sixels(pixels: Pixels) -> str:
    """A picture for xterm -ti vt340, foot, mlterm, Windows Terminal, tmux and others, pixel by pixel.

    Args:
        pixels: the picture, at least one.
    """
    height, width = pixels.shape[:2]
    levels = (pixels.astype(np.uint16) * (_LEVELS - 1) + 127) // 255
    colours = (levels[..., 0] * _LEVELS + levels[..., 1]) * _LEVELS + levels[..., 2]
    used = np.unique(colours)
    registers = "".join(_register(number, int(colour)) for number, colour in enumerate(used))
    numbers = np.searchsorted(used, colours)
    bands = (_band(numbers[top : top + _ROWS_OF_SIXEL]) for top in range(0, height, _ROWS_OF_SIXEL))
    return f'\x1bP0;1;0q"1;1;{width};{height}{registers}{"-".join(bands)}\x1b\\'


def _register(number: int, colour: int) -> str:
    """Gives a colour a number: red, green and blue in percent."""
    shares = (colour // _LEVELS**2, colour // _LEVELS % _LEVELS, colour % _LEVELS)
    return f"#{number};2;" + ";".join(str(round(100 * share / (_LEVELS - 1))) for share in shares)


def _band(numbers: NDArray[np.intp]) -> str:
    """Six rows of pixels: the dots of one colour after the other, "$" going back to the left edge.

    Args:
        numbers: of the colours, shape (1 to 6, width).
    """
    bits = (1 << np.arange(len(numbers)))[:, None]
    return "$".join(
        f"#{number}{''.join(_repeated(((numbers == number) * bits).sum(axis=0)))}" for number in np.unique(numbers)
    )


def _repeated(dots: NDArray[Any]) -> Iterator[str]:
    for value, group in groupby(dots.tolist()):
        number, character = len(list(group)), chr(_FIRST_SIXEL + value)
        yield f"!{number}{character}" if number >= _SHORTEST_REPEAT else character * number
