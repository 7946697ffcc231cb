"""The ability to list what exists."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar

from skyclust.contract.ability import Ability
from skyclust.errors import SkyClustError
from skyclust.model.resource import Resource, ResourceKind


class InventoryProvider(Ability):
    """Can list what exists."""

    kinds: ClassVar[frozenset[ResourceKind]]
    """The kinds it can list; any other kind is Unsupported."""

    @classmethod
    def service_of(cls, kind: ResourceKind) -> str:
        """Return the name of the cloud's service that a kind is read from.

        Where a cloud is made of services that fail one by one, a service that gives no answer
        is given up with its own kinds, and the kinds of the others are read on. By default all
        kinds are read from one service, which needs no name.
        """
        del kind
        return ""

    @abstractmethod
    def list_resources(
        self, region: str, kind: ResourceKind, *, page_size: int | None = None
    ) -> Iterator[Sequence[Resource]]:
        """Yield every resource of a kind in a region, page by page, to the end.

        A page is read when it is asked for. A machine that has ended is not listed, even
        where the cloud still remembers it. What the cloud returns in no order is sorted, so
        that reading twice gives the same.
        `page_size` is a wish for the cloud's page size; None takes the provider's own.
        An item that cannot be read is left out of its page, and once all pages are yielded
        IncompleteList is raised, which names it. Raises Unsupported for a kind outside `kinds`,
        and any other error of the tree for a page that could not be read.
        """


@dataclass(frozen=True)
class AccountPage:
    """One page of a list of all regions: what was found, and what could not be reached.

    `unread` has the regions that the cloud left out of this list, each with the reason;
    what the list holds of such a region is no complete read of it.
    """

    resources: Sequence[Resource]
    unread: Mapping[str, SkyClustError] = field(default_factory=dict)


class AccountInventoryProvider(InventoryProvider, Ability):
    """Can list what exists in all regions at once, at the cost of one region.

    Where a cloud lists by account, region by region would read all of it once a region.
    """

    @abstractmethod
    def list_account(
        self, kind: ResourceKind, *, page_size: int | None = None
    ) -> Iterator[AccountPage]:
        """Yield every resource of a kind in every region of `regions()`, to the end.

        The same resources as `list_resources` gives. A region that the cloud could not reach
        is named in `unread`; an item that cannot be read is named by the IncompleteList that
        ends the list, with its region; any other failure raises.
        """
