"""The queue's file: whole after every change, shared by consoles, honest about what was interrupted."""

import json
import os
import signal
import subprocess
import sys
import threading

import pytest

from beamshell.errors import EngineError, StoreError, UnknownName
from beamshell.store import Queue


@pytest.fixture
def queue(tmp_path):
    made = Queue(tmp_path)
    for line in ("scan a", "scan b", "scan c"):
        made.add(line, {"sample": line[-1]})
    return made


def lines(queue):
    return [item.line for item in queue.items()]


def states(queue):
    return [item.state for item in queue.items()]


def test_what_was_added_is_there_for_the_next_console(queue, tmp_path):
    again = Queue(tmp_path)
    assert lines(again) == ["scan a", "scan b", "scan c"]
    assert again.items()[1].metadata == {"sample": "b"}
    assert len(again) == 3


def test_an_empty_folder_has_an_empty_queue(tmp_path):
    assert Queue(tmp_path).items() == []


def test_items_are_moved_and_removed_by_their_number(queue):
    queue.move(3, 1)
    assert lines(queue) == ["scan c", "scan a", "scan b"]
    assert queue.remove(2).line == "scan a"
    assert lines(queue) == ["scan c", "scan b"]


@pytest.mark.parametrize("act", [lambda q: q.remove(4), lambda q: q.move(0, 1), lambda q: q.move(1, 9)])
def test_an_item_that_is_not_there_is_named(queue, act):
    with pytest.raises(UnknownName, match=r"there is no item \d: the queue has 3"):
        act(queue)
    assert lines(queue) == ["scan a", "scan b", "scan c"]


def test_items_are_begun_in_order_and_end_as_they_do(queue):
    with queue.running():
        first = queue.begin_next()
        queue.end(first.key, "failed", "no beam", ["uid-1"])
        second = queue.begin_next()
        assert states(queue) == ["failed", "running", "waiting"]
        queue.end(second.key, "done", uids=["uid-2"])
    assert (queue.items()[0].reason, queue.items()[1].uids) == ("no beam", ["uid-2"])
    queue.retry(1)
    assert states(queue) == ["waiting", "done", "waiting"]
    assert queue.clear("done") == 1
    assert queue.clear() == 2
    assert queue.begin_next() is None


def test_a_held_queue_begins_nothing_until_it_is_released(queue, tmp_path):
    queue.hold("beam dump")
    again = Queue(tmp_path)
    assert again.held.reason == "beam dump"
    assert again.begin_next() == again.held
    assert states(queue) == ["waiting", "waiting", "waiting"]
    again.release()
    assert queue.held is None
    assert queue.begin_next().line == "scan a"


def test_a_held_queue_without_an_item_that_waits_is_at_its_end(queue):
    queue.clear()
    queue.hold()
    assert queue.begin_next() is None


def test_a_held_item_is_passed_over_with_its_reason_and_waits_when_it_is_released(queue):
    queue.hold("no sample yet", 1)
    assert (queue.items()[0].state, queue.items()[0].reason) == ("held", "no sample yet")
    assert queue.begin_next().line == "scan b"
    queue.release(1)
    assert states(queue)[0] == "waiting"
    with pytest.raises(EngineError, match="item 1 is not held: it is waiting"):
        queue.release(1)


def test_a_skipped_item_is_not_begun_and_may_wait_again(queue):
    queue.skip(1)
    assert queue.begin_next().line == "scan b"
    queue.retry(1)
    assert queue.begin_next().line == "scan a"


@pytest.mark.parametrize("act", [Queue.skip, lambda q, number: q.hold("", number)])
def test_what_has_ended_can_be_neither_skipped_nor_held(queue, act):
    queue.end(1, "done")
    with pytest.raises(EngineError, match="item 1 does not wait: it is done"):
        act(queue, 1)


def test_an_edited_item_keeps_its_place_and_waits_again(queue):
    queue.end(2, "failed", "no beam")
    queue.edit(2, "scan x", {"operator": "Ada"})
    item = queue.items()[1]
    assert (item.line, item.state, item.reason) == ("scan x", "waiting", "")
    assert item.metadata == {"sample": "b", "operator": "Ada"}
    queue.edit(2, metadata={"sample": "Ge"})
    assert (queue.items()[1].line, queue.items()[1].metadata["sample"]) == ("scan x", "Ge")


def test_an_edited_item_that_is_held_stays_held(queue):
    queue.hold("later", 1)
    queue.edit(1, "scan x")
    assert (queue.items()[0].state, queue.items()[0].reason) == ("held", "later")


def test_a_repeated_item_goes_on_after_a_failure_with_the_pass_that_was_not_finished(queue):
    queue.repeat(1, 3)
    with queue.running():
        item = queue.begin_next()
        item = queue.count_pass(item.key, ["uid-1"])
        assert (item.passes, item.times) == (1, 3)
        queue.end(item.key, "failed", "no beam", ["uid-2"])
    queue.retry(1)
    item = queue.items()[0]
    assert (item.state, item.passes, item.uids) == ("waiting", 1, ["uid-1", "uid-2"])


def test_an_item_whose_passes_are_all_done_begins_anew(queue):
    queue.count_pass(queue.begin_next().key, ["uid-1"])
    queue.end(1, "done")
    queue.retry(1)
    assert (queue.items()[0].passes, queue.items()[0].uids) == (0, [])


def test_an_item_that_runs_can_be_repeated_less_often(queue):
    queue.repeat(1, 10)
    with queue.running():
        item = queue.begin_next()
        queue.repeat(1, 1)
        assert queue.count_pass(item.key, []).times == 1


def test_a_queue_file_without_holds_and_repetitions_is_read(queue):
    queue.path.write_text('{"items": [{"key": 1, "line": "ct", "metadata": {}, "state": "waiting"}]}')
    assert queue.held is None
    assert queue.begin_next().times == 1


def test_what_runs_stays_where_it_is(queue):
    with queue.running():
        queue.begin_next()
        for act in (queue.remove, queue.skip, queue.edit, lambda number: queue.hold("", number)):
            with pytest.raises(EngineError, match="item 1 is running"):
                act(1)
        assert queue.clear() == 2
        assert lines(queue) == ["scan a"]


def test_only_one_console_runs_it(queue, tmp_path):
    with queue.running(), pytest.raises(EngineError, match="is being run"), Queue(tmp_path).running():
        raise AssertionError("both run it")
    with Queue(tmp_path).running():
        pass


def test_after_a_kill_the_item_is_marked_and_the_queue_can_be_run(queue, tmp_path):
    code = (
        "import sys, time; from beamshell.store import Queue\n"
        f"q = Queue({str(tmp_path)!r})\n"
        "with q.running():\n"
        "    q.begin_next(); print('begun', flush=True); time.sleep(60)\n"
    )
    child = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    try:
        assert child.stdout.readline() == "begun\n"
        assert states(queue) == ["running", "waiting", "waiting"]
        os.kill(child.pid, signal.SIGKILL)
    finally:
        child.wait(20)
        child.stdout.close()
    assert states(queue) == ["interrupted", "waiting", "waiting"]
    with queue.running():
        assert queue.begin_next().line == "scan b"


def test_consoles_that_add_at_the_same_time_lose_nothing(queue, tmp_path):
    def add(name):
        other = Queue(tmp_path)
        for number in range(20):
            other.add(f"{name} {number}")

    threads = [threading.Thread(target=add, args=(name,)) for name in "xyz"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(queue) == 63
    assert len({item.key for item in queue.items()}) == 63
    assert [line for line in lines(queue) if line.startswith("y")] == [f"y {number}" for number in range(20)]


@pytest.mark.parametrize("text", ["{", "[]", '{"items": [{"lin": 1}]}', ""])
def test_a_damaged_file_is_named_and_left_as_it_is(queue, text):
    queue.path.write_text(text)
    with pytest.raises(StoreError, match=r"queue.json is damaged"):
        queue.items()
    with pytest.raises(StoreError):
        queue.add("scan d")
    assert queue.path.read_text() == text


def test_a_change_that_fails_leaves_the_file_whole(queue, monkeypatch):
    def full(_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(StoreError, match="No space left on device"):
        queue.add("scan d")
    monkeypatch.undo()
    assert len(json.loads(queue.path.read_text())["items"]) == 3
