import threading

import pytest

from beamshell.channels.updates import LatestValue, Worker


@pytest.fixture
def lane():
    return Worker("test")


def test_a_slow_subscriber_does_not_delay_another(lane):
    release, heard = threading.Event(), threading.Event()
    slow = LatestValue(lambda _: release.wait(10), lane=lane)
    quick = LatestValue(lambda _: heard.set(), lane=lane)
    slow.offer(1)
    quick.offer(1)
    arrived = heard.wait(5)
    release.set()
    assert arrived


def test_many_slow_subscribers_still_leave_a_worker_for_the_next(lane):
    release, heard = threading.Event(), threading.Event()
    for _ in range(10):
        LatestValue(lambda _: release.wait(10), lane=lane).offer(1)
    LatestValue(lambda _: heard.set(), lane=lane).offer(1)
    arrived = heard.wait(5)
    release.set()
    assert arrived


def test_a_busy_subscriber_gets_only_the_latest_value(lane):
    busy, release, done = threading.Event(), threading.Event(), threading.Event()
    heard = []

    def deliver(value):
        heard.append(value)
        busy.set()
        release.wait(10)
        if value == 99:
            done.set()

    cell = LatestValue(deliver, lane=lane)
    cell.offer(0)
    assert busy.wait(5)
    for value in range(1, 100):
        cell.offer(value)
    release.set()
    assert done.wait(5)
    assert heard == [0, 99]


def test_short_changes_of_a_state_are_kept_up_to_the_depth(lane):
    busy, release, done = threading.Event(), threading.Event(), threading.Event()
    heard = []

    def deliver(value):
        heard.append(value)
        busy.set()
        release.wait(10)
        if value == "end":
            done.set()

    cell = LatestValue(deliver, depth=3, lane=lane)
    cell.offer("begin")
    assert busy.wait(5)
    for value in ("dropped", 0, 1, "end"):
        cell.offer(value)
    release.set()
    assert done.wait(5)
    assert heard == ["begin", 0, 1, "end"]


def test_what_is_told_is_delivered_here_or_next_by_a_worker_if_another_thread_is_at_it(lane):
    busy, release, done = threading.Event(), threading.Event(), threading.Event()
    heard = []

    def deliver(value):
        heard.append((value, threading.current_thread().name))
        if value == "slow":
            busy.set()
            assert release.wait(10)
        if value == "next":
            done.set()

    cell = LatestValue(deliver, lane=lane)
    cell.tell("first")
    assert heard == [("first", threading.current_thread().name)]
    other = threading.Thread(target=cell.tell, args=("slow",), name="other")
    other.start()
    assert busy.wait(10)
    cell.tell("next")
    assert not done.is_set()
    release.set()
    other.join(10)
    assert done.wait(10)
    assert heard[1:] == [("slow", "other"), ("next", "beamshell-test-1")]


def test_one_cell_is_delivered_by_one_worker_at_a_time(lane):
    inside, most, done = [0], [0], threading.Event()

    def deliver(value):
        inside[0] += 1
        most[0] = max(most[0], inside[0])
        threading.Event().wait(0.001)
        inside[0] -= 1
        if value == 200:
            done.set()

    cell = LatestValue(deliver, depth=1000, lane=lane)
    other = LatestValue(lambda _: threading.Event().wait(0.02), lane=lane)
    for value in range(201):
        other.offer(value)
        cell.offer(value)
    assert done.wait(10)
    assert most == [1]


def test_no_job_is_dropped_while_a_worker_is_stuck(lane):
    release, done = threading.Event(), threading.Event()
    heard = []
    lane.post(lambda: release.wait(10))
    for number in range(1000):
        lane.post(lambda number=number: heard.append(number))
    lane.post(done.set)
    arrived = done.wait(5)
    release.set()
    assert arrived
    assert sorted(heard) == list(range(1000))


def test_a_subscriber_that_raises_is_logged_and_hears_the_next_value(lane, caplog):
    done = threading.Event()

    def deliver(value):
        if value == 0:
            raise RuntimeError("no room")
        done.set()

    cell = LatestValue(deliver, depth=2, lane=lane)
    cell.offer(0)
    cell.offer(1)
    assert done.wait(5)
    assert "no room" in caplog.text


def test_a_repeat_never_displaces_a_newer_value(lane):
    busy, release, done = threading.Event(), threading.Event(), threading.Event()
    heard = []

    def deliver(value):
        heard.append(value)
        busy.set()
        release.wait(10)
        if value == "new":
            done.set()

    cell = LatestValue(deliver, lane=lane)
    cell.offer("first")
    assert busy.wait(5)
    cell.offer("new")
    cell.offer_if_empty("repeat")
    release.set()
    assert done.wait(5)
    assert heard == ["first", "new"]
