"""A kill of console, follower and receiver for each sink; and that the long test of them sees what is wrong."""

from __future__ import annotations

import pytest

from tests.system.long.followers import ARRIVES, ONCE, ORDER, _Round, long_test
from tests.system.long.harness import Log
from tests.system.long.receivers import Receiver


@pytest.mark.parametrize("sink", ["zmq", "kafka", "elog", "notify", "tiled"])  # tests/follow/sinks kill the others
def test_whatever_is_killed_the_receiver_has_what_the_journal_has(sink, capsys):
    status = long_test(sink).main(["--seed", "1", "--count", "1", "--steps", "3", "--no-shrink"])
    assert status == 0, capsys.readouterr().out


@pytest.mark.parametrize(
    ("received", "rules"),
    [
        (["a", "b", "c"], set()),
        (["a", "b", "b", "c"], {ONCE}),
        (["a", "b", "c", "d"], {ONCE}),
        (["b", "a", "c"], {ORDER}),
        (["a", "b"], {ARRIVES}),
    ],
)
def test_the_long_test_sees(received, rules, tmp_path, monkeypatch):
    class Told(Receiver):
        def expected(self, runs):
            return {"run": ["a", "b", "c"]}

        def has(self, runs):
            return {"run": received}

    monkeypatch.setattr("tests.system.long.followers.PATIENCE_S", 0.0)
    log = Log()
    _Round(Told(tmp_path), tmp_path / "data", log)._compare()
    assert {problem.rule for problem in log.problems} == rules
