"""What marks a class of the contract as an ability."""

from __future__ import annotations

from abc import ABC


class Ability(ABC):  # noqa: B024  # a mark: each ability has methods of its own
    """Base of every ability that a provider may have beside `Provider`.

    An ability names this class among its own bases, also where it extends another ability. By that
    `skyclust.registry.abilities` finds the abilities of a provider, those that a plugin defines
    included, and tells them from the classes that implement them.
    """
