"""The initial content of sandbox clouds."""

from __future__ import annotations

from enum import StrEnum


class Seed(StrEnum):
    """The initial content of a sandbox cloud."""

    EMPTY = "empty"  # a new account, with what is needed to create instances
    ESTATE = "estate"  # an account that a company has used for some years
