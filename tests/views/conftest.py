"""Runs as documents."""

from __future__ import annotations

from run_documents import make_run  # noqa: F401
