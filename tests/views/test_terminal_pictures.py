"""Pictures as text for terminals: what a terminal that knows the protocol would show of them."""

from __future__ import annotations

import base64
import re

import numpy as np
import pytest

from beamshell.views.terminal_pictures import in_iterm, in_kitty, in_sixels

PNG = bytes(range(256)) * 40


def test_in_kitty_a_picture_comes_in_pieces_that_it_joins_and_it_is_asked_for_no_answer():
    pieces = re.findall(r"\x1b_G([^;]*);([^\x1b]*)\x1b\\", in_kitty(PNG, 60, 20))
    assert base64.b64decode("".join(payload for _, payload in pieces)) == PNG
    assert max(len(payload) for _, payload in pieces) <= 4096
    assert [keys.rpartition("m=")[2] for keys, _ in pieces] == ["1"] * (len(pieces) - 1) + ["0"]
    first = dict(key.split("=") for key in pieces[0][0].split(","))
    assert first == {"a": "T", "f": "100", "q": "2", "c": "60", "r": "20", "m": "1"}


def test_a_small_picture_is_one_piece():
    assert in_kitty(b"png", 1, 1) == "\x1b_Ga=T,f=100,q=2,c=1,r=1,m=0;cG5n\x1b\\"


def test_in_iterm_a_picture_is_a_file_shown_inline():
    about, payload = re.fullmatch(r"\x1b\]1337;File=([^:]*):([^\x07]*)\x07", in_iterm(PNG, 60, 20)).groups()
    assert base64.b64decode(payload) == PNG
    keys = dict(key.split("=") for key in about.split(";"))
    assert (keys["inline"], keys["size"], keys["width"], keys["height"]) == ("1", str(len(PNG)), "60", "20")


def shown(sixels):
    """What a terminal shows of sixels: colours in percent, shape (height, width, 3)."""
    width, height, body = re.fullmatch(r'\x1bP[0-9;]*q"1;1;(\d+);(\d+)(.*)\x1b\\', sixels, re.DOTALL).groups()
    picture = np.full((int(height), int(width), 3), -1)
    registers, colour, x, top = {}, None, 0, 0
    for token in re.findall(r"#\d+;2;\d+;\d+;\d+|#\d+|!\d+[?-~]|[$\-]|[?-~]", body):
        if token[0] == "#":
            number, *color = (int(part) for part in token[1:].split(";"))
            registers.update({number: color[1:]} if color else {})
            colour = registers[number]
        elif token == "$":
            x = 0
        elif token == "-":
            x, top = 0, top + 6
        else:
            times, dots = (int(token[1:-1]), token[-1]) if token[0] == "!" else (1, token)
            for bit in range(6):
                if ord(dots) - 63 >> bit & 1:
                    picture[top + bit, x : x + times] = colour
            x += times
    return picture


@pytest.mark.parametrize("shape", [(1, 1), (6, 9), (7, 5), (40, 33)])
def test_as_sixels_each_pixel_has_the_nearest_of_216_colours(shape):
    pixels = np.random.default_rng(1).integers(0, 256, (*shape, 3), dtype=np.uint8)
    expected = np.rint(pixels / 255 * 5) * 20
    assert np.array_equal(shown(in_sixels(pixels)), expected)


def test_a_row_of_one_colour_is_short():
    assert len(in_sixels(np.full((6, 1000, 3), 255, dtype=np.uint8))) < 60
