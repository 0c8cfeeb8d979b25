import threading

from beamshell.channels.timers import TimerThread


def test_calls_come_in_the_order_of_their_time():
    timers = TimerThread("beamshell-test-timer")
    calls: list[str] = []
    done = threading.Event()
    timers.call_later(0.04, lambda: (calls.append("later"), done.set()))
    timers.call_later(0.01, lambda: calls.append("sooner"))
    assert done.wait(5)
    assert calls == ["sooner", "later"]


def test_a_cancelled_call_is_not_made():
    timers = TimerThread("beamshell-test-timer")
    calls: list[str] = []
    done = threading.Event()
    timers.call_later(0.01, lambda: calls.append("cancelled")).cancel()
    timers.call_later(0.02, done.set)
    assert done.wait(5)
    assert calls == []


def test_a_function_that_raises_does_not_take_the_other_calls_with_it(caplog):
    timers = TimerThread("beamshell-test-timer")
    done = threading.Event()
    timers.call_later(0.0, lambda: 1 / 0)
    timers.call_later(0.01, done.set)
    assert done.wait(5)
    assert "ZeroDivisionError" in caplog.text


def test_cancelled_calls_do_not_pile_up():
    timers = TimerThread("beamshell-test-timer")
    for _ in range(1000):
        timers.call_later(60.0, lambda: None).cancel()
    assert len(timers._heap) < 100
