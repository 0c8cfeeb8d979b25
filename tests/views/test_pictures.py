"""A picture is recognised as characters, and described in a line."""

from __future__ import annotations

import re

import numpy as np
import pytest

from beamshell.views.pictures import as_plane, describe, in_characters, shaded


def spot(height=64, width=64, at=(16, 48)):
    picture = np.zeros((height, width), dtype=np.uint16)
    picture[at] = 1000
    return picture


def test_a_picture_fits_into_the_terminal_and_keeps_its_shape():
    lines = in_characters(np.ones((100, 200)), 80, 40)
    assert (len(lines), {len(line) for line in lines}) == (20, {80})
    lines = in_characters(np.ones((200, 100)), 80, 20)
    assert (len(lines), {len(line) for line in lines}) == (20, {20})


def test_a_spot_of_one_pixel_is_seen_where_it_is():
    lines = in_characters(spot(), 32, 16)
    assert [(y, line.index("█")) for y, line in enumerate(lines) if "█" in line] == [(4, 24)]
    assert set("".join(lines)) == {" ", "█"}


def test_dark_to_bright_are_all_the_shades():
    (line,) = in_characters(np.arange(50), 50, 10)
    assert re.fullmatch(" {10}░{10}▒{10}▓{10}█{10}", line)


def test_a_small_picture_is_blown_up():
    lines = in_characters(np.array([[0, 1], [1, 0]]), 8, 8)
    assert lines == ["    ████"] * 2 + ["████    "] * 2


def test_in_greys_a_line_holds_two_rows():
    lines = in_characters(np.array([[0, 23], [23, 0]]), 2, 1, greys=True)
    dark, bright = 232, 255
    assert lines == [f"\x1b[38;5;{dark};48;5;{bright}m▀\x1b[38;5;{bright};48;5;{dark}m▀\x1b[0m"]
    assert len(in_characters(np.ones((3, 3)), 3, 3, greys=True)) == 2


@pytest.mark.parametrize(
    "picture",
    [np.full((4, 4), 7), np.full((4, 4), np.nan), np.array([[np.inf, 1], [np.nan, 2]]), np.zeros((0, 4)), np.array(5)],
)
@pytest.mark.parametrize("greys", [False, True])
def test_no_picture_is_too_odd_to_be_shown(picture, greys):
    assert all(isinstance(line, str) for line in in_characters(picture, 10, 5, greys=greys))
    assert describe(picture)


def test_several_frames_and_colours_become_one_plane():
    plane, how = as_plane(np.stack([np.zeros((4, 5)), np.ones((4, 5))]))
    assert (plane.shape, plane[0, 0], how) == ((4, 5), 0.5, "mean of 2 frames")
    plane, how = as_plane(np.ones((4, 5, 3)))
    assert (plane.shape, how) == ((4, 5), "mean of the colours")
    assert as_plane(np.ones(7))[0].shape == (1, 7)


def test_size_and_range_are_shown():
    assert describe(spot()) == "64 x 64 pixels, 0 to 1000, sum 1000"
    assert describe(np.stack([spot(), spot()])).endswith("mean of 2 frames")


def test_a_log_scale_shows_weak_spots_beside_strong_ones():
    picture = np.array([[1.0, 100.0, 10_000.0, 0.0]])
    assert in_characters(picture, 4, 1) == ["  █ "]
    assert in_characters(picture, 4, 1, scale="log") == [" ▒█ "]


def test_an_infinite_pixel_is_the_brightest_and_a_missing_one_dark():
    assert in_characters(np.array([[1.0, 5.0, np.inf, np.nan]]), 4, 1) == [" ██ "]


def test_a_spot_is_seen_also_where_a_plane_of_few_rows_has_many_columns():
    plane = np.zeros((2, 1000))
    plane[0, 501] = 1
    assert shaded(plane, 10, 4) == [" " * 5 + "█" + " " * 4] * 2 + [" " * 10] * 2


@pytest.mark.parametrize(
    ("greys", "line"),
    [
        (False, "·█ "),
        (True, "\x1b[0;38;5;237m▀\x1b[0;38;5;255m▀\x1b[0m \x1b[0m"),
    ],
)
def test_a_cell_without_a_value_is_blank_and_the_lowest_one_is_not(greys, line):
    assert shaded(np.array([[0.0, 1.0, np.nan]]), 3, 1, greys=greys) == [line]


def test_the_two_halves_of_a_character_are_blank_apart():
    plane = np.array([[1.0, np.nan], [np.nan, 0.0]])
    assert shaded(plane, 2, 2, greys=True) == ["\x1b[0;38;5;255m▀\x1b[0;38;5;237m▄\x1b[0m"]


def test_a_style_is_written_where_it_changes():
    (line,) = shaded(np.array([[0.0, 0.0, 1.0, 1.0], [0.0, 0.0, 1.0, 1.0]]), 4, 2, greys=True)
    assert line == "\x1b[38;5;232;48;5;232m▀▀\x1b[38;5;255;48;5;255m▀▀\x1b[0m"
