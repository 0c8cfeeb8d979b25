"""Pictures of letters."""

from beamshell.simulate.path_drawing import over_plane, over_points


def test_one_motor_is_drawn_over_the_points():
    assert over_points("th", [0, 1, 2, 1, 0], width=9, height=3) == [
        " 2 |    o",
        "th |  o   o",
        " 0 |o       o",
        "    1 point 5",
    ]


def test_two_motors_are_drawn_over_their_plane_from_start_to_end():
    assert over_plane(("x", [0, 4, 4, 0]), ("y", [0, 0, 2, 2]), width=9, height=3) == [
        "2 |E·······o",
        "y |        ·",
        "0 |S·······o",
        "   0     x 4",
    ]


def test_a_motor_that_stands_still_is_a_line_in_the_middle():
    lines = over_points("th", [3.0, 3.0], width=3, height=3)
    assert [line.partition("|")[2] for line in lines[:3]] == ["", "o o", ""]


def test_one_point_and_a_thousand_points_fit_the_frame():
    assert sum("o" in line for line in over_points("th", [1.0])[:-1]) == 1
    lines = over_points("th", [float(n) for n in range(1000)], width=40, height=10)
    assert len(lines) == 11
    assert max(map(len, lines)) <= 40 + len("999 |") + 1
