import threading

import pytest

from beamshell import protocols
from beamshell.devices.signal import Signal
from beamshell.devices.status import AndStatus, DeviceStatus, Status, SubscriptionStatus
from beamshell.errors import DeviceError, InvalidState, MoveFailed, StatusTimeoutError, WaitTimeoutError


def test_a_status_is_what_the_engine_asks_for():
    assert isinstance(Status(), protocols.Status)


def test_a_new_status_is_neither_done_nor_a_success():
    status = Status()
    assert (status.done, status.success, status.exception()) == (False, False, None)


def test_a_finished_status_is_a_success():
    status = Status()
    status.set_finished()
    assert (status.done, status.success, status.exception()) == (True, True, None)


def test_waiting_for_a_failed_status_raises_its_reason():
    status, reason = Status(), MoveFailed("th: stopped at 3 deg")
    status.set_exception(reason)
    assert status.done
    assert not status.success
    with pytest.raises(MoveFailed, match="stopped at 3 deg"):
        status.wait()


def test_callbacks_are_called_once_each_and_a_late_one_at_once():
    status, calls = Status(), []
    status.add_callback(lambda s: calls.append(("early", s)))
    status.set_finished()
    status.add_callback(lambda s: calls.append(("late", s)))
    assert calls == [("early", status), ("late", status)]


def test_a_callback_that_raises_is_logged_and_starves_no_other(caplog):
    status, calls = Status(action="count"), []
    status.add_callback(lambda s: 1 / 0)
    status.add_callback(calls.append)
    status.set_finished()
    assert calls == [status]
    assert "count" in caplog.text


def test_the_second_end_of_a_status_is_refused():
    status = Status(action="count")
    status.set_finished()
    with pytest.raises(InvalidState, match="count"):
        status.set_exception(RuntimeError())


def test_a_wait_is_ended_by_another_thread():
    status = Status()
    threading.Timer(0.01, status.set_finished).start()
    status.wait(timeout=5)
    assert status.success


def test_a_wait_that_is_too_short_says_so_and_leaves_the_status_under_way():
    status = DeviceStatus(Signal(name="th"), action="move to 3 deg")
    with pytest.raises(WaitTimeoutError, match=r"th: move to 3 deg: not done after 0\.01 s"):
        status.wait(timeout=0.01)
    assert not status.done


def test_asking_for_the_exception_with_a_time_out_waits():
    with pytest.raises(WaitTimeoutError):
        Status().exception(timeout=0.01)


def test_a_time_out_names_device_action_and_seconds():
    status = DeviceStatus(Signal(name="th"), timeout=0.01, action="move to 3 deg")
    with pytest.raises(StatusTimeoutError, match=r"th: move to 3 deg: not done within 0\.01 s"):
        status.wait(timeout=5)


def test_an_end_that_comes_after_the_time_out_is_ignored():
    status = Status(timeout=0.001)
    with pytest.raises(StatusTimeoutError):
        status.wait(timeout=5)
    status.set_finished()
    assert not status.success


def test_a_settle_time_delays_the_end():
    status = Status(settle_time=0.02)
    status.set_finished()
    assert not status.done
    status.wait(timeout=5)
    assert status.success


def test_both_of_two_statuses_must_end_well():
    left, right = Status(), Status()
    both = left & right
    assert isinstance(both, AndStatus)
    left.set_finished()
    assert not both.done
    right.set_finished()
    assert both.success


def test_two_statuses_fail_as_soon_as_one_does():
    left, right = Status(), Status()
    both = left & right
    right.set_exception(MoveFailed("stalled"))
    assert str(both.exception()) == "stalled"
    left.set_exception(RuntimeError())
    assert str(both.exception()) == "stalled"


def test_the_repr_says_what_goes_on_and_how_it_ended():
    status = DeviceStatus(Signal(name="th"), action="move to 3 deg")
    assert repr(status) == "<DeviceStatus th: move to 3 deg: under way>"
    status.set_exception(MoveFailed("stalled"))
    assert repr(status) == "<DeviceStatus th: move to 3 deg: failed: stalled>"


def test_a_subscription_status_is_done_when_its_condition_is_met():
    done = Signal(name="done", value=1)
    status = SubscriptionStatus(done, lambda value, old_value, **kwargs: (old_value, value) == (0, 1))
    assert not status.done
    done.put(0)
    assert not status.done
    done.put(1)
    assert status.success
    done.put(0)  # nobody listens any more


def test_a_condition_that_raises_fails_the_status():
    status = SubscriptionStatus(Signal(name="done", value=1), lambda value, **kwargs: 1 / 0)
    assert isinstance(status.exception(), ZeroDivisionError)


def test_an_end_that_comes_second_is_none():
    status = Status(action="count")
    status.end(DeviceError("no counts"))
    status.end()
    status.end(DeviceError("too late"))
    assert str(status.exception()) == "no counts"
    other = Status()
    other.end()
    other.end(DeviceError("too late"))
    assert other.success
