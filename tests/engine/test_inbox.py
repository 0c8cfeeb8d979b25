"""The one place where the engine waits."""

from __future__ import annotations

import gc
import os
import random
import selectors
import threading
import time

import pytest

from beamshell.engine.inbox import Inbox


def later(seconds: float, action) -> threading.Timer:
    timer = threading.Timer(seconds, action)
    timer.start()
    return timer


def test_what_was_posted_before_is_not_waited_for():
    inbox = Inbox()
    inbox.post("a")
    begun = time.monotonic()
    inbox.wait(30)
    assert time.monotonic() - begun < 5
    assert list(inbox.posts) == ["a"]


def test_a_wait_ends_when_its_time_is_over():
    inbox = Inbox()
    begun = time.monotonic()
    inbox.wait(0.05)
    assert time.monotonic() - begun >= 0.049
    assert not inbox.ready()


def test_a_post_of_another_thread_ends_the_wait():
    inbox = Inbox()
    timer = later(0.05, lambda: inbox.post("b"))
    begun = time.monotonic()
    inbox.wait(30)
    assert time.monotonic() - begun < 10
    assert inbox.ready()
    timer.join()


def test_nothing_is_lost_and_the_order_of_each_thread_is_kept():
    inbox, taken = Inbox(), []
    posts, threads = 500, 4

    def post(number: int) -> None:
        chance = random.Random(number)
        for i in range(posts):
            inbox.post((number, i))
            if chance.random() < 0.05:
                time.sleep(0.0001)

    workers = [threading.Thread(target=post, args=(number,)) for number in range(threads)]
    for worker in workers:
        worker.start()
    deadline = time.monotonic() + 60
    while len(taken) < posts * threads and time.monotonic() < deadline:
        inbox.wait(5)
        while inbox.posts:
            taken.append(inbox.posts.popleft())
    for worker in workers:
        worker.join()
    for number in range(threads):
        assert [i for who, i in taken if who == number] == list(range(posts))


def test_posts_while_nobody_waits_wake_nobody_and_fill_no_pipe():
    inbox = Inbox()
    for i in range(200_000):
        inbox.post(i)
    for _ in range(10_000):
        inbox.wake()
    inbox.wait(0)
    assert len(inbox.posts) == 200_000


def test_an_old_wake_up_does_not_shorten_the_next_wait():
    inbox = Inbox()
    inbox.wake()
    inbox.wait(30)
    begun = time.monotonic()
    inbox.wait(0.05)
    assert time.monotonic() - begun >= 0.049


def test_a_pump_waits_in_its_stead_and_sees_a_readable_descriptor_at_a_post():
    inbox, record = Inbox(), []

    def pump(box: Inbox, timeout_s: float | None) -> None:
        later(0.05, lambda: box.post("c")).join()
        with selectors.DefaultSelector() as selector:
            selector.register(box.fileno(), selectors.EVENT_READ)
            record.append((timeout_s, len(selector.select(5))))

    inbox.wait(12.0, pump)
    assert record == [(12.0, 1)]
    assert inbox.ready()


def test_a_pump_that_raises_leaves_the_inbox_as_it_was():
    inbox = Inbox()

    def broken(box: Inbox, timeout_s: float | None) -> None:
        raise ValueError("a slot")

    with pytest.raises(ValueError, match="a slot"):
        inbox.wait(1, broken)
    inbox.post("d")
    inbox.wait(30)
    assert inbox.ready()


def test_an_inbox_that_is_gone_leaves_no_descriptor_open():
    gc.collect()  # what other tests have left
    before = len(os.listdir("/dev/fd"))
    for _ in range(20):
        Inbox()
    gc.collect()
    assert len(os.listdir("/dev/fd")) <= before
