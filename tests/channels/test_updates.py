import itertools
import queue
import subprocess
import sys
import threading
from types import SimpleNamespace

import pytest

from beamshell.channels import updates
from beamshell.channels.updates import LatestValue, Worker


@pytest.fixture
def worker():
    return Worker("test")


def test_a_slow_subscriber_does_not_delay_another(worker):
    release, delivered = threading.Event(), threading.Event()
    slow = LatestValue(lambda _: release.wait(10), worker=worker)
    quick = LatestValue(lambda _: delivered.set(), worker=worker)
    slow.offer(1)
    quick.offer(1)
    arrived = delivered.wait(5)
    release.set()
    assert arrived


def test_many_slow_subscribers_still_leave_a_thread_for_the_next(worker):
    release, delivered = threading.Event(), threading.Event()
    for _ in range(10):
        LatestValue(lambda _: release.wait(10), worker=worker).offer(1)
    LatestValue(lambda _: delivered.set(), worker=worker).offer(1)
    arrived = delivered.wait(5)
    release.set()
    assert arrived


def test_a_busy_subscriber_gets_only_the_latest_value(worker):
    busy, release, done = threading.Event(), threading.Event(), threading.Event()
    delivered = []

    def deliver(value):
        delivered.append(value)
        busy.set()
        release.wait(10)
        if value == 99:
            done.set()

    latest = LatestValue(deliver, worker=worker)
    latest.offer(0)
    assert busy.wait(5)
    for value in range(1, 100):
        latest.offer(value)
    release.set()
    assert done.wait(5)
    assert delivered == [0, 99]


def test_short_changes_of_a_state_are_kept_up_to_the_depth(worker):
    busy, release, done = threading.Event(), threading.Event(), threading.Event()
    delivered = []

    def deliver(value):
        delivered.append(value)
        busy.set()
        release.wait(10)
        if value == "end":
            done.set()

    latest = LatestValue(deliver, depth=3, worker=worker)
    latest.offer("begin")
    assert busy.wait(5)
    for value in ("dropped", 0, 1, "end"):
        latest.offer(value)
    release.set()
    assert done.wait(5)
    assert delivered == ["begin", 0, 1, "end"]


def test_a_value_is_delivered_now_or_next_by_a_worker_if_another_thread_is_delivering(worker):
    busy, release, done = threading.Event(), threading.Event(), threading.Event()
    delivered = []

    def deliver(value):
        delivered.append((value, threading.current_thread().name))
        if value == "slow":
            busy.set()
            assert release.wait(10)
        if value == "next":
            done.set()

    latest = LatestValue(deliver, worker=worker)
    latest.deliver_now("first")
    assert delivered == [("first", threading.current_thread().name)]
    other = threading.Thread(target=latest.deliver_now, args=("slow",), name="other")
    other.start()
    assert busy.wait(10)
    latest.deliver_now("next")
    assert not done.is_set()
    release.set()
    other.join(10)
    assert done.wait(10)
    assert delivered[1:] == [("slow", "other"), ("next", "beamshell-test-1")]


def test_values_of_one_subscriber_are_delivered_by_one_thread_at_a_time(worker):
    inside, most, done = [0], [0], threading.Event()

    def deliver(value):
        inside[0] += 1
        most[0] = max(most[0], inside[0])
        threading.Event().wait(0.001)
        inside[0] -= 1
        if value == 200:
            done.set()

    latest = LatestValue(deliver, depth=1000, worker=worker)
    other = LatestValue(lambda _: threading.Event().wait(0.02), worker=worker)
    for value in range(201):
        other.offer(value)
        latest.offer(value)
    assert done.wait(10)
    assert most == [1]


def test_no_job_is_dropped_while_a_thread_is_stuck(worker):
    release, done = threading.Event(), threading.Event()
    delivered = []
    worker.post(lambda: release.wait(10))
    for number in range(1000):
        worker.post(lambda number=number: delivered.append(number))
    worker.post(done.set)
    arrived = done.wait(5)
    release.set()
    assert arrived
    assert sorted(delivered) == list(range(1000))


def test_a_subscriber_that_raises_is_logged_and_gets_the_next_value(worker, caplog):
    done = threading.Event()

    def deliver(value):
        if value == 0:
            raise RuntimeError("no room")
        done.set()

    latest = LatestValue(deliver, depth=2, worker=worker)
    latest.offer(0)
    latest.offer(1)
    assert done.wait(5)
    assert "no room" in caplog.text


def test_a_repeat_never_displaces_a_newer_value(worker):
    busy, release, done = threading.Event(), threading.Event(), threading.Event()
    delivered = []

    def deliver(value):
        delivered.append(value)
        busy.set()
        release.wait(10)
        if value == "new":
            done.set()

    latest = LatestValue(deliver, worker=worker)
    latest.offer("first")
    assert busy.wait(5)
    latest.offer("new")
    latest.offer_if_empty("repeat")
    release.set()
    assert done.wait(5)
    assert delivered == ["first", "new"]


def test_a_worker_that_is_made_while_the_interpreter_ends_does_nothing():
    script = (
        "from beamshell.channels.updates import Worker, end_jobs\n"
        "end_jobs()\n"
        "Worker('late').post(lambda: print('ran'))\n"
    )
    ended = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=True)
    assert ended.stdout + ended.stderr == ""


@pytest.mark.parametrize(("between_two_looks_s", "pauses"), [(0.0, 3), (1.0, 0)])
def test_a_worker_leaves_the_interpreter_to_others_after_each_32_jobs_of_a_flood(
    worker, monkeypatch, between_two_looks_s, pauses
):
    clock = itertools.count(between_two_looks_s, between_two_looks_s)
    slept, done = [], threading.Event()
    monkeypatch.setattr(updates, "time", SimpleNamespace(monotonic=lambda: next(clock), sleep=slept.append))
    for _ in range(100):
        worker.post(lambda: None)
    worker.post(done.set)
    assert done.wait(10)
    assert len(slept) == pauses


def test_jobs_that_wait_for_servers_are_all_begun_at_once(monkeypatch):
    monkeypatch.setattr(updates, "call_later", lambda *_: None)  # by which others get a thread, later
    worker, together, done = Worker("waiting", waits=True), threading.Barrier(10), queue.SimpleQueue()

    def job():
        together.wait(20)
        done.put(True)

    for _ in range(10):
        worker.post(job)
    assert [done.get(timeout=20) for _ in range(10)] == [True] * 10
