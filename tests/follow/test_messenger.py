"""A messenger tells that a console has died, once, also over its own kill; it outlives its console until then."""

from __future__ import annotations

import pytest

from beamshell.errors import SinkDown
from beamshell.follow.lines import console_line
from beamshell.follow.messenger import Messenger
from beamshell.store.console_log import FOLDER


class Phone(Messenger):
    """Remembers messages; it is down when a test says so."""

    def __init__(self, folder, **settings):
        super().__init__(at_most_every="0", **settings)
        self.folder, self.memory = folder, folder / "phone.memory.json"
        self.titles = []
        self.is_down = False

    def deliver(self, message, receiver):
        if self.is_down:
            raise SinkDown("nobody answers")
        self.titles.append(message.title)

    def look(self):
        """As a second later."""
        self._looked_at = 0.0
        self.poll()


@pytest.fixture
def phone(folder):
    return Phone(folder, kinds=["dead"])


def kill(process):
    process.kill()
    process.wait()


def test_a_console_that_died_is_told_once(folder, open_console, phone):
    _key, process, _log, _files = open_console()
    phone.look()
    kill(process)
    phone.look()
    phone.look()
    assert [title.partition(")")[2] for title in phone.titles] == [" has died: its process is gone"]


def test_a_death_that_was_not_sent_is_told_by_the_process_that_follows(folder, open_console, phone):
    _key, process, _log, _files = open_console()
    phone.look()
    kill(process)
    phone.is_down = True
    with pytest.raises(SinkDown):
        phone.look()
    after_a_kill = Phone(folder, kinds=["dead"])
    after_a_kill.look()
    after_a_kill.look()
    assert len(after_a_kill.titles) == 1


def test_it_goes_on_until_it_is_sent_that_its_console_has_died(open_console, phone):
    _key, process, _log, _files = open_console()
    phone.look()
    kill(process)
    assert phone.must_go_on(process.pid, 0.1)
    phone.is_down = True
    with pytest.raises(SinkDown):
        phone.look()
    assert phone.must_go_on(process.pid, 3600.0)
    phone.is_down = False
    phone.look()
    assert not phone.must_go_on(process.pid, 3601.0)


def test_it_leaves_what_it_cannot_send_to_the_follower_of_another_console(open_console, phone):
    _key, process, _log, _files = open_console()
    open_console()
    phone.look()
    kill(process)
    phone.is_down = True
    with pytest.raises(SinkDown):
        phone.look()
    assert phone.must_go_on(process.pid, 1.0)
    assert not phone.must_go_on(process.pid, 11.0)


def test_it_ends_at_once_with_a_console_that_is_closed(folder, open_console, phone):
    _key, process, log, _files = open_console()
    phone.look()
    log.add("closed")
    (path,) = (folder / FOLDER).iterdir()
    phone.send([console_line(line, path.stem, 0) for line in path.read_bytes().splitlines()])
    assert not phone.must_go_on(process.pid, 0.0)


def test_of_kinds_without_dead_it_ends_when_it_has_seen_that_its_console_is_gone(folder, open_console):
    phone = Phone(folder, kinds=["failed"])
    _key, process, _log, _files = open_console()
    phone.look()
    kill(process)
    phone.look()
    assert not phone.must_go_on(process.pid, 0.1)


def test_a_damaged_memory_is_told_each_time_and_left_as_it_is(folder, phone):
    phone.memory.write_text('{"finder": 1}')
    for _ in range(2):
        with pytest.raises(SinkDown, match="cannot be read"):
            phone.poll()
    assert phone.memory.read_text() == '{"finder": 1}'
