"""Files of which a reader never finds a half: what is there after a refusal, and behind half a line."""

import os

import pytest

from beamshell.store.whole_files import append_all_or_nothing, append_lines, replace_file


@pytest.fixture
def path(tmp_path):
    return tmp_path / "state.json"


@pytest.fixture
def file(path):
    """The descriptor of a file that is open for appending."""
    fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND)
    yield fd
    os.close(fd)


@pytest.fixture
def full_disk(monkeypatch):
    """A disk that takes three bytes more."""
    write = os.write
    monkeypatch.setattr(os, "write", lambda fd, content: write(fd, content[:3]))


@pytest.mark.parametrize("durable", [True, False])
def test_a_file_is_replaced_by_a_whole_one(path, durable):
    path.write_text("before")
    replace_file(path, "µ after", durable=durable)
    assert path.read_text(encoding="utf-8") == "µ after"
    assert os.listdir(path.parent) == ["state.json"]


@pytest.mark.parametrize("durable", [True, False])
def test_a_file_that_cannot_be_replaced_is_as_it_was(path, durable, monkeypatch):
    path.write_text("before")

    def refuse(*_):
        raise OSError("no")

    monkeypatch.setattr(type(path), "replace", refuse)
    with pytest.raises(OSError, match="no"):
        replace_file(path, "after", durable=durable)
    assert path.read_text() == "before"
    assert os.listdir(path.parent) == ["state.json"]


@pytest.mark.parametrize("append", [append_lines, append_all_or_nothing])
def test_lines_follow_the_last_whole_line(path, file, append):
    append(file, b"one\n")
    append(file, b"two\nthree\n")
    assert path.read_bytes() == b"one\ntwo\nthree\n"


@pytest.mark.parametrize("append", [append_lines, append_all_or_nothing])
def test_half_a_line_stays_a_line_of_its_own(path, file, append):
    path.write_bytes(b"one\ntw")
    append(file, b"three\n")
    assert path.read_bytes() == b"one\ntw\nthree\n"


def test_a_full_disk_leaves_a_part_that_is_skipped_later(path, file, full_disk, monkeypatch):
    path.write_bytes(b"one\n")
    with pytest.raises(OSError, match="No space left"):
        append_lines(file, b"three\n")
    assert path.read_bytes() == b"one\nthr"
    monkeypatch.undo()
    append_lines(file, b"three\n")
    assert path.read_bytes() == b"one\nthr\nthree\n"


@pytest.mark.parametrize("before", [b"one\n", b"one\ntw", b""])
def test_a_full_disk_leaves_a_locked_file_as_it_was(path, file, full_disk, before):
    path.write_bytes(before)
    with pytest.raises(OSError, match="No space left"):
        append_all_or_nothing(file, b"three\n")
    assert path.read_bytes() == before
