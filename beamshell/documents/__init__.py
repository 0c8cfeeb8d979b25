"""Documents: what a run leaves behind, as plain dictionaries in the shapes of the field's event model."""

from __future__ import annotations

from typing import Any, TypeAlias

Document: TypeAlias = dict[str, Any]
"""A start, descriptor, event, stop or any other document, as the engine hands it over."""
