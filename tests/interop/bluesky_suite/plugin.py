"""A pytest plugin that runs bluesky's own tests on our engine, which it puts in the place of theirs everywhere.

It is loaded before the tests are imported, and changes none of them. A test that is listed in `known` as failing must
fail, and any other must pass.
"""

from __future__ import annotations

import importlib
import os
import pkgutil
import signal
import sys
import threading
from collections.abc import Generator
from pathlib import Path
from typing import Any

os.environ.update(MPLBACKEND="agg", QT_QPA_PLATFORM="offscreen")

import bluesky
import bluesky.run_engine
import bluesky.utils
import pytest

import beamshell.errors
from beamshell import RunEngine
from beamshell.engine import RunEngineResult
from tests.interop.bluesky_suite.known import FAILS, LEFT_OUT

EXCEPTIONS = (
    "FailedPause",
    "FailedStatus",
    "IllegalMessageSequence",
    "InvalidCommand",
    "NoReplayAllowed",
    "PlanHalt",
    "RequestAbort",
    "RequestStop",
    "RunEngineInterrupted",
)


class EngineOfTests(RunEngine):
    """Ours, with what the fixture of bluesky's tests uses to end its loop."""

    @property
    def _th(self) -> Any:
        return self._world.loop_thread.thread


def replace(theirs: Any, ours: Any) -> None:
    """Put `ours` in the place of `theirs`, under whatever name a module of bluesky knows it."""
    for name, module in list(sys.modules.items()):
        if name.partition(".")[0] == "bluesky":
            for key, value in list(vars(module).items()):
                if value is theirs:
                    setattr(module, key, ours)


def import_all() -> None:
    """Import all modules of bluesky that the tests may import, as far as what they need is installed."""
    for module in pkgutil.walk_packages(bluesky.__path__, "bluesky.", onerror=lambda name: None):
        if not module.name.startswith(("bluesky.tests", "bluesky.commandline", "bluesky.examples")):
            try:
                importlib.import_module(module.name)
            except ImportError:
                continue


import_all()
for name in EXCEPTIONS:
    replace(getattr(bluesky.utils, name), getattr(beamshell.errors, name))
replace(bluesky.run_engine.TransitionError, beamshell.errors.TransitionError)
replace(bluesky.run_engine.WaitForTimeoutError, beamshell.errors.CommandTimeout)
replace(bluesky.run_engine.RunEngineResult, RunEngineResult)
replace(bluesky.run_engine.RunEngine, EngineOfTests)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave tests out, and mark those that must fail."""
    kept, left_out = [], []
    files = {item.path.name for item in items}
    unused = {name for name in (*FAILS, *LEFT_OUT) if "::" in name and name.partition("::")[0] in files}
    for item in items:
        file, test = item.path.name, item.name
        names = (f"{file}::{test.partition('[')[0]}", f"{file}::{test}")
        unused.difference_update(names)
        if any(name in LEFT_OUT for name in names):
            left_out.append(item)
            continue
        kept.append(item)
        for reason in (FAILS[name] for name in names if name in FAILS):
            item.add_marker(pytest.mark.xfail(reason=reason, strict=True))
    if unused:
        raise pytest.UsageError(f"tests are listed that bluesky does not have: {', '.join(sorted(unused))}")
    items[:] = kept
    config.hook.pytest_deselected(items=left_out)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, object, object]:
    """Let a Ctrl+C that a test presses when no plan runs fail this test alone, and one after it do nothing."""
    before = set(threading.enumerate())
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        return (yield)
    except KeyboardInterrupt:
        raise AssertionError("Ctrl+C was pressed while no plan ran") from None
    finally:
        signal.signal(signal.SIGINT, lambda *_: None)  # not SIG_IGN, which a server that a test starts would inherit
        for thread in set(threading.enumerate()) - before:
            if presses_ctrl_c(thread):
                thread.join(10.0)  # a press of this test, which has ended, is not for the next one


def presses_ctrl_c(thread: threading.Thread) -> bool:
    """Whether a thread or timer of bluesky's tests sends SIGINT, by the name of its function."""
    function = getattr(thread, "function", None) or getattr(thread, "_target", None)
    name = getattr(function, "__name__", "")
    return "kill" in name or "sigint" in name


def pytest_ignore_collect(collection_path: Path) -> bool | None:
    """Leave out whole files, which may import what is not installed."""
    return True if collection_path.name in LEFT_OUT else None
