"""The base class by which an ability of the contract is recognized."""

from __future__ import annotations

from abc import ABC


class Ability(ABC):  # noqa: B024  # a marker: each ability has methods of its own
    """Base of every ability that a provider may have beside `Provider`.

    An ability lists this class among its direct bases, also where it extends another ability.
    `skyclust.registry.abilities` thereby finds the abilities of a provider, including those that a
    plugin defines, and distinguishes them from the classes that implement them.
    """
