"""Stands in for the session while a command is only read: the plan that it would run is kept, and not run.

It knows no command.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from beamshell.messages import Plan
    from beamshell.shell.session import Session


class Understudy:
    """The session as a command sees it, but for `run`.

    Args:
        session: the real one.

    Attributes:
        plan: what the command would run, a plan or a function that makes it; None if it runs none.
        then: what the command would do after it.
        plan_form: the same, as one types it in Python.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self.plan: Plan | Callable[[], Plan] | None = None
        self.then: Callable[[], None] | None = None
        self.plan_form = ""

    def __getattr__(self, name: str) -> Any:
        return getattr(self._session, name)

    def run(
        self,
        plan: Plan | Callable[[], Plan],
        *,
        then: Callable[[], None] | None = None,
        plan_form: str = "",
        **_: Any,
    ) -> None:
        """Keep the plan."""
        self.plan, self.then, self.plan_form = plan, then, plan_form
