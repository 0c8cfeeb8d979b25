"""A block of the profile becomes a sink; whatever is wrong in it is one line, and a secret is never in it."""

from __future__ import annotations

import sys
from types import SimpleNamespace

import pytest

from beamshell.errors import ConfigError
from beamshell.follow.settings import checked_blocks, make_sink


@pytest.fixture(autouse=True)
def importable(monkeypatch):
    from pathlib import Path

    monkeypatch.syspath_prepend(Path(__file__).parent)
    yield
    sys.modules.pop("sinks_for_tests", None)


@pytest.mark.parametrize(
    ("blocks", "message"),
    [
        ({"a b": {"sink": "zmq"}}, "'a b' is no name"),
        ({"log": {}}, "log names no sink"),
        ({"log": "zmq"}, "log names no sink"),
        ({"log": {"sink": "zmq", "since": "yesterday"}}, "since is 'now' or 'beginning', not 'yesterday'"),
    ],
)
def test_a_wrong_block_is_named(blocks, message):
    right, (problem,) = checked_blocks({**blocks, "fine": {"sink": "zmq"}})
    assert message in str(problem)
    assert right == {"fine": {"sink": "zmq"}}  # the others are not harmed


@pytest.mark.parametrize(
    ("block", "message"),
    [
        ({"sink": "zqm"}, "log: no sink 'zqm'"),
        ({"sink": "nowhere:Sink"}, "the sink nowhere:Sink cannot be used: No module named 'nowhere'"),
        ({"sink": "sinks_for_tests:Path"}, "is no sink: it must be a subclass of"),
        ({"sink": "sinks_for_tests:FileSink"}, r"log \(sinks_for_tests:FileSink\) needs path"),
        ({"sink": "sinks_for_tests:FileSink", "path": ["x"]}, "does not take these settings: TypeError"),
        ({"sink": "sinks_for_tests:FileSink", "paht": "x"}, "has no setting 'paht': did you mean path"),
        (
            {"sink": "sinks_for_tests:FileSink", "path": "x", "secret": "env:NOT_THERE"},
            "log: secret: the environment has no NOT_THERE: export NOT_THERE=",
        ),
    ],
)
def test_a_setting_that_is_wrong_is_named_with_its_follower(block, message):
    with pytest.raises(ConfigError, match=message):
        make_sink("log", block)


def test_a_secret_is_read_when_the_sink_is_made(tmp_path, monkeypatch):
    monkeypatch.setenv("MY_PASSWORD", "xyzzy")
    block = {"sink": "sinks_for_tests:FileSink", "path": str(tmp_path / "out"), "secret": "env:MY_PASSWORD"}
    sink = make_sink("log", block)
    assert sink.secret == "xyzzy"
    assert "xyzzy" not in repr(block)
    sink.close()


@pytest.fixture
def keyring(monkeypatch):
    """A keyring with one password; the library itself asks the desktop."""
    passwords = {("olog", "anna"): "xyzzy"}
    module = SimpleNamespace(get_password=lambda service, user: passwords.get((service, user)))
    monkeypatch.setitem(sys.modules, "keyring", module)


def test_a_secret_comes_from_the_keyring(keyring, folder):
    block = {"sink": "sinks_for_tests:FileSink", "path": str(folder / "out"), "secret": "keyring:olog/anna"}
    sink = make_sink("copy", block)
    assert sink.secret == "xyzzy"
    sink.close()


def test_a_secret_that_the_keyring_does_not_have_is_one_line(keyring):
    with pytest.raises(ConfigError, match="the keyring has no olog/kate: keyring set olog kate"):
        make_sink("copy", {"sink": "sinks_for_tests:FileSink", "path": "o", "secret": "keyring:olog/kate"})
