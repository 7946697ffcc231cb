"""Needs a module that nobody has."""

from __future__ import annotations

raise ModuleNotFoundError("no cloud of this name", name="no_such_sdk")
