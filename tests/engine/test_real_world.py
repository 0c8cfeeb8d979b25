"""The engine's real world: reminders, which are told in another thread."""

from __future__ import annotations

import threading

from beamshell.engine.real_world import RealWorld, Settings


def test_a_reminder_is_told_again_when_it_has_changed_and_ends_with_none():
    over = threading.Event()
    texts = iter(["", "waiting for th", "waiting for th", "waiting for det", None])
    told: list[str] = []

    def words() -> str | None:
        text = next(texts)
        if text is None:
            over.set()
        return text

    RealWorld(Settings({}, [], say=told.append)).remind(0.001, words)
    assert over.wait(30)
    assert told == ["waiting for th", "waiting for det"]
