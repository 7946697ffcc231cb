"""The ability to read the list prices of a cloud."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Collection

from skyclust.contract.ability import Ability
from skyclust.model.list_price import PriceAnswer, PriceItem


class PriceProvider(Ability):
    """Reads list prices: on demand, and of instances with Linux."""

    @abstractmethod
    def list_prices(self, items: Collection[PriceItem]) -> PriceAnswer:
        """Return the list price of each item, or why it has none.

        Each item is in one of both parts of the answer. A price that is the same for every size
        of a disk is of the item without its size. An item that the cloud has no price for, that
        several SKUs match, or whose price depends on more than the item says, is missing with the
        reason: no price is chosen or computed from others, except that of a type whose cores and
        memory are sold apart. Raises an error of the tree when the prices could not be read.
        """
