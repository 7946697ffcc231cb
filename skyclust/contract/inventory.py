"""The ability to list resources."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar

from skyclust.contract.ability import Ability
from skyclust.errors import SkyClustError
from skyclust.model.resource import Resource, ResourceKind


class InventoryProvider(Ability):
    """Lists resources."""

    kinds: ClassVar[frozenset[ResourceKind]]
    """The kinds that it lists; any other kind is Unsupported."""

    @classmethod
    def service_of(cls, kind: ResourceKind) -> str:
        """Return the name of the cloud's service that a kind is read from.

        Where a cloud consists of services that fail independently, a service that does not answer
        is skipped with its kinds, and the kinds of the other services are read. By default all
        kinds are read from one service, whose name is empty.
        """
        del kind
        return ""

    @abstractmethod
    def list_resources(
        self, region: str, kind: ResourceKind, *, page_size: int | None = None
    ) -> Iterator[Sequence[Resource]]:
        """Yield every resource of a kind in a region, page by page, to the end.

        A page is read when the iterator reaches it. Deleted instances are left out, even while the
        cloud still reports them. Values that the cloud returns in no order are sorted, so that two
        reads give the same. `page_size` is the requested page size; None uses the provider's
        default. An item that cannot be read is left out of its page, and after the last page
        IncompleteList is raised, which names it. Raises Unsupported for a kind outside `kinds`,
        and any other error of the tree for a page that could not be read.
        """


@dataclass(frozen=True)
class AccountPage:
    """One page of a list of all regions: its resources, and the regions that were not reached.

    `unread` holds the regions that the cloud left out of this list, each with the reason. The
    list is not a complete read of such a region.
    """

    resources: Sequence[Resource]
    unread: Mapping[str, SkyClustError] = field(default_factory=dict)


class AccountInventoryProvider(InventoryProvider, Ability):
    """Lists the resources of all regions at once, with as many calls as for one region.

    For clouds that list by account: reading region by region would read the whole account once for
    each region.
    """

    @abstractmethod
    def list_account(
        self, kind: ResourceKind, *, page_size: int | None = None
    ) -> Iterator[AccountPage]:
        """Yield every resource of a kind in every region of `regions()`, to the end.

        Yields the same resources as `list_resources`. A region that the cloud could not reach is
        named in `unread`. An item that cannot be read is named, with its region, by the
        IncompleteList that is raised after the last page. Any other failure raises.
        """
