"""What exists when a sandbox cloud begins."""

from __future__ import annotations

from enum import StrEnum


class Seed(StrEnum):
    """What exists when a sandbox cloud begins."""

    EMPTY = "empty"  # what a new account has, enough to create machines
    ESTATE = "estate"  # a company's account of some age
