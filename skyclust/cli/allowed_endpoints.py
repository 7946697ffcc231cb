"""Allowing the addresses of an endpoint: after a confirmation, and those of a sandbox."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import TypeVar

import typer

from skyclust.cli.output import say
from skyclust.errors import NotFound

T = TypeVar("T")

MOST_QUESTIONS = 8
"""A cloud whose catalog leads to more addresses than that is allowed as a network."""


def with_permission(call: Callable[[], T]) -> T:
    """Return what a call returns; at a terminal, ask for each address that is not allowed.

    Who answers owns the home folder, where the answer is kept. Raises AddressNotAllowed without a
    terminal and after a no, and what the call raises.
    """
    from skyclust.allowed_networks import allow_networks, parse_entry
    from skyclust.providerkit.permissions import AddressNotAllowed
    from skyclust.settings import load_settings

    for _ in range(MOST_QUESTIONS):
        try:
            return call()
        except AddressNotAllowed as error:
            if error.entry is None or not (sys.stdin.isatty() and sys.stderr.isatty()):
                raise
            say(error.message)
            if not typer.confirm(f"Allow {error.entry} for this installation?", err=True):
                raise
            allow_networks(load_settings(), [parse_entry(error.entry)])
    return call()


def allow_endpoints(endpoints: Iterable[str]) -> None:
    """Let credentials lead to these sandbox clouds: whoever starts one means it to be used."""
    from skyclust.allowed_networks import allow_networks, parse_entry
    from skyclust.settings import load_settings

    allow_networks(load_settings(), map(parse_entry, endpoints))


def forget_endpoints(endpoints: Iterable[str]) -> None:
    """Let no credential lead to the ports of these sandbox clouds, which others may take now."""
    from skyclust.allowed_networks import forget_network, parse_entry
    from skyclust.settings import load_settings

    settings = load_settings()
    for endpoint in endpoints:
        with suppress(NotFound):
            forget_network(settings, parse_entry(endpoint))
