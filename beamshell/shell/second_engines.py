"""SecondEngines: engines that a person makes beside the console's own; their runs are kept and numbered with its runs.

An engine may be ours or bluesky's, which is known by its class without importing it. It knows no command.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from beamshell.shell.messages_shown import say, say_error

if TYPE_CHECKING:
    from beamshell.shell.acquisition import Acquisition


class SecondEngines:
    """The other engines of one console: ours from the moment they are made, bluesky's once a cell has named them.

    Args:
        acquisition: gives the console's engine, journal and metadata.
    """

    def __init__(self, acquisition: Acquisition) -> None:
        from beamshell.engine.run_engine import WHEN_MADE

        self._acquisition = acquisition
        self._tokens: WeakKeyDictionary[Any, int] = WeakKeyDictionary()  # by engine, that of the journal
        self._names: WeakKeyDictionary[Any, str] = WeakKeyDictionary()  # by engine that was named
        self._when_made = WHEN_MADE
        WHEN_MADE.append(self._connect)

    def look(self, variables: Mapping[str, Any]) -> None:
        """Connect each engine among the variables that is not yet, and say so."""
        for name, engine in list(variables.items()):
            if not _is_engine(engine) or engine is self._acquisition.engine or engine in self._names:
                continue
            self._names[engine] = name
            is_late = engine not in self._tokens and _has_run(engine)
            self._connect(engine)
            say(f"{name} is a second engine; its runs are kept and numbered with those of RE")
            if is_late:
                say(f"the runs that {name} has taken already are not kept")
            say(f"commands, metadata and suspenders are those of RE: leave out the line that makes {name}")

    def _connect(self, engine: Any) -> None:
        if engine in self._tokens:
            return
        metadata = self._acquisition.metadata
        self._tokens[engine] = engine.subscribe(self._acquisition.journal)
        if _counts_by_itself(engine):
            engine.scan_id_source = lambda _metadata: metadata.next_scan_id()

    def unfinished(self) -> list[str]:
        """Their plans that have not ended: "a plan of RE2 is paused"."""
        return [
            f"a plan of {self._names.get(engine, 'a second engine')} is {engine.state}"
            for engine in list(self._tokens)
            if str(engine.state) != "idle"
        ]

    def end_plans(self) -> None:
        """Abort their plans that have not ended, as the console closes."""
        for text in self.unfinished():
            say(f"{text}: aborting it")
        for engine in list(self._tokens):
            if str(engine.state) != "idle":
                try:
                    engine.abort("the console was closed")
                except Exception as exc:  # noqa: BLE001  the next one is to end too
                    say_error(exc)

    def end_soon(self, reason: str) -> bool:
        """Abort their running plans, from a signal handler.

        Returns:
            False if none runs a plan.
        """
        running = [engine for engine in list(self._tokens) if str(engine.state) not in ("idle", "paused")]
        for engine in running:
            with suppress(Exception):  # its plan has ended at this moment
                engine.abort(reason)
        return bool(running)

    def disconnect(self) -> None:
        """Keep their runs no longer, as the data folder closes; harmless the second time."""
        if self._connect in self._when_made:
            self._when_made.remove(self._connect)
        for engine, token in list(self._tokens.items()):
            engine.unsubscribe(token)
        self._tokens.clear()


def _is_engine(value: Any) -> bool:
    """True for an object of a class RunEngine, ours or bluesky's, or of one derived from it."""
    return any(
        kind.__name__ == "RunEngine" and kind.__module__.partition(".")[0] in ("beamshell", "bluesky")
        for kind in type(value).__mro__
    )


def _counts_by_itself(engine: Any) -> bool:
    """Whether nobody has said how the engine numbers its runs."""
    source = engine.scan_id_source
    return source is None or getattr(source, "__module__", "").startswith("bluesky.")


def _has_run(engine: Any) -> bool:
    """Whether an engine has taken runs: ours keeps its last result, bluesky's the runs of its last call."""
    result = getattr(engine, "last_result", None)
    return bool(getattr(engine, "_run_start_uids", ()) if result is None else result.run_start_uids)
