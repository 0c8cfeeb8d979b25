from __future__ import annotations

from beamshell.callbacks.painter import Painter


class Clock:
    def __init__(self):
        self.now = 100.0

    def __call__(self):
        return self.now


class Picture:
    def __init__(self, clock, cost=0.0, error=None):
        self.drawn = 0
        self._clock, self._cost, self._error = clock, cost, error

    def draw(self):
        self.drawn += 1
        self._clock.now += self._cost
        if self._error is not None:
            raise self._error


def drawn_in_ten_seconds(**kwargs):
    clock = Clock()
    painter, picture = Painter(clock=clock), Picture(clock, **kwargs)
    while clock.now < 110.0:
        painter.touch(picture)
        painter.paint()
        clock.now += 0.001
    return picture.drawn


def test_a_picture_is_drawn_at_most_ten_times_a_second():
    assert 95 <= drawn_in_ten_seconds() <= 101


def test_a_slow_picture_takes_at_most_a_quarter_of_the_time():
    assert drawn_in_ten_seconds(cost=0.5) <= 7


def test_one_slow_drawing_such_as_opening_the_window_is_forgiven():
    clock = Clock()
    painter, picture = Painter(clock=clock), Picture(clock, cost=2.0)
    painter.touch(picture)
    painter.paint()
    painter.touch(picture)
    assert painter.due_in() == 0


def test_what_has_not_changed_is_not_drawn():
    clock = Clock()
    painter, picture = Painter(clock=clock), Picture(clock)
    painter.touch(picture)
    painter.paint()
    clock.now += 5
    painter.paint()
    assert picture.drawn == 1
    assert painter.due_in() is None


def test_the_painter_says_when_it_is_due():
    clock = Clock()
    painter, picture = Painter(clock=clock), Picture(clock)
    painter.touch(picture)
    assert painter.due_in() == 0
    painter.paint()
    painter.touch(picture)
    assert abs(painter.due_in() - 0.1) < 1e-9


def test_flush_draws_what_is_not_yet_due():
    clock = Clock()
    painter, picture = Painter(clock=clock), Picture(clock)
    for _ in range(2):
        painter.touch(picture)
        painter.flush()
    assert picture.drawn == 2


def test_a_failing_picture_is_reported_once_and_stops_nobody(caplog):
    clock = Clock()
    painter, bad, good = Painter(clock=clock), Picture(clock, error=RuntimeError("no colour")), Picture(clock)
    for _ in range(20):
        painter.touch(bad)
        painter.touch(good)
        painter.paint()
        clock.now += 1
    assert good.drawn == 20
    assert bad.drawn > 1
    assert caplog.text.count("cannot be drawn") == 1


def test_a_drawing_that_the_measurement_waits_for_takes_at_most_two_percent_of_its_time():
    clock = Clock()
    painter, picture = Painter(clock=clock), Picture(clock, cost=0.05)
    while clock.now < 200.0:
        painter.touch(picture)
        painter.paint(is_held_up=lambda: True)
        clock.now += 0.001
    assert picture.drawn * 0.05 < 2
