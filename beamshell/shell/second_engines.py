"""SecondEngines: engines that a person makes beside the console's own; their runs are kept and numbered with its runs.

An engine may be ours or bluesky's, which is known by its class without importing it. It knows no command.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from beamshell.shell.messages_shown import say

if TYPE_CHECKING:
    from beamshell.shell.session import Session


class SecondEngines:
    """The other engines at one prompt.

    Args:
        session: gives the console's engine, journal and metadata.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self._connected: list[tuple[Any, int]] = []  # each with the token of the journal

    def look(self, variables: Mapping[str, Any]) -> None:
        """Connect each engine among the variables that is not yet, and say so."""
        for name, engine in list(variables.items()):
            if _is_engine(engine) and engine is not self._session.RE:
                self._connect(name, engine)

    def _connect(self, name: str, engine: Any) -> None:
        if any(engine is other for other, _ in self._connected):
            return
        metadata = self._session.md
        self._connected.append((engine, engine.subscribe(self._session.journal)))
        if _counts_by_itself(engine):
            engine.scan_id_source = lambda _metadata: metadata.next_scan_id()
        say(f"{name} is a second engine; its runs are kept and numbered with those of RE")
        say(f"commands, metadata and suspenders are those of RE: leave out the line that makes {name}")

    def disconnect(self) -> None:
        """Keep their runs no longer, as the data folder closes."""
        while self._connected:
            engine, token = self._connected.pop()
            engine.unsubscribe(token)


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
