"""Documents: the records of a run (start, descriptor, event, stop ...) as dictionaries, as the event model has them."""

from __future__ import annotations

from typing import Any, TypeAlias

Document: TypeAlias = dict[str, Any]
"""A start, descriptor, event, stop or any other document, as the engine hands it over."""
