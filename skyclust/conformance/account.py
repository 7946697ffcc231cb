"""The suite of `AccountInventoryProvider`: one list of all regions."""

from __future__ import annotations

import pytest

from skyclust.conformance.harness import Failure, InventoryHarness
from skyclust.conformance.inventory import InventorySuite
from skyclust.contract import AccountInventoryProvider, AccountPage, Provider
from skyclust.errors import (
    AuthenticationFailed,
    IncompleteList,
    PermissionDenied,
    SkyClustError,
    Throttled,
    Timeout,
    Unavailable,
    UnexpectedAnswer,
    Unsupported,
)
from skyclust.model.resource import Resource, ResourceKind


class AccountInventorySuite(InventorySuite):
    """The requirements on a provider that lists all regions at once."""

    @pytest.fixture
    def account(self, provider: Provider) -> AccountInventoryProvider:
        """Return the provider as an AccountInventoryProvider."""
        assert isinstance(provider, AccountInventoryProvider)
        return provider

    def test_an_account_lists_what_its_regions_list(
        self,
        account: AccountInventoryProvider,
        provider: Provider,
        harness: InventoryHarness,
        kind: ResourceKind,
    ) -> None:
        """Both ways of reading give the same resources, each once."""
        made = set(harness.seed(kind, 3))
        listed = _read(account, kind)
        assert made <= {resource.id for resource in listed}
        regions = {resource.region for resource in listed} | {harness.region}
        assert regions <= set(provider.regions())
        by_region = [
            resource
            for region in sorted(regions)
            for page in account.list_resources(region, kind)
            for resource in page
        ]
        assert sorted(listed, key=_region_and_id) == sorted(by_region, key=_region_and_id)

    def test_small_pages_of_an_account_give_the_same(
        self, account: AccountInventoryProvider, harness: InventoryHarness, kind: ResourceKind
    ) -> None:
        """The smallest pages of an account contain the same resources as the default pages."""
        harness.seed(kind, 2 * harness.smallest_page + 1)
        usual = _read(account, kind)
        pages = list(account.list_account(kind, page_size=1))
        assert sorted((r for p in pages for r in p.resources), key=_region_and_id) == sorted(
            usual, key=_region_and_id
        )

    @pytest.mark.parametrize(
        ("failure", "expected"),
        [
            (Failure.EXPIRED, AuthenticationFailed),
            (Failure.THROTTLED, Throttled),
            (Failure.BROKEN, Unavailable),
        ],
        ids=["expired", "throttled", "broken"],
    )
    def test_a_failure_raises_in_every_list_of_an_account(
        self,
        account: AccountInventoryProvider,
        harness: InventoryHarness,
        kind: ResourceKind,
        failure: Failure,
        expected: type[SkyClustError],
    ) -> None:
        """A list of an account that cannot be read raises, and is never empty."""
        harness.seed(kind, 1)
        harness.fail(failure)
        with pytest.raises(expected):
            list(account.list_account(kind))

    def test_every_list_of_an_account_reports_a_denied_region(
        self, account: AccountInventoryProvider, harness: InventoryHarness, kind: ResourceKind
    ) -> None:
        """A region without permission raises or is named in `unread`; it is never left out."""
        harness.seed(kind, 1)
        harness.fail(Failure.DENIED)
        try:
            pages = list(account.list_account(kind))
        except PermissionDenied:
            return
        unread = {region: error for page in pages for region, error in page.unread.items()}
        assert isinstance(unread.get(harness.region), SkyClustError)

    @pytest.mark.parametrize("failure", [Failure.HTML, Failure.NULL, Failure.NO_LIST])
    def test_an_odd_answer_is_no_list_of_an_account(
        self,
        account: AccountInventoryProvider,
        harness: InventoryHarness,
        kind: ResourceKind,
        failure: Failure,
    ) -> None:
        """An answer without its list raises, and does not count as an empty account."""
        harness.seed(kind, 1)
        harness.fail(failure)
        with pytest.raises((UnexpectedAnswer, Unavailable, Timeout)):
            list(account.list_account(kind))

    def test_an_unreadable_item_of_an_account_is_named(
        self, account: AccountInventoryProvider, harness: InventoryHarness, kind: ResourceKind
    ) -> None:
        """One unreadable item hides no other item, and is named with its region."""
        made = set(harness.seed(kind, 3))
        corrupted = harness.corrupt(kind)
        listed: set[str] = set()
        pages = account.list_account(kind)
        with pytest.raises(IncompleteList) as raised:
            listed.update(resource.id for page in pages for resource in page.resources)
        assert len(made - listed) == 1
        [item] = raised.value.items
        assert corrupted in item.name
        assert item.region == harness.region

    def test_an_account_has_no_unsupported_kind(self, account: AccountInventoryProvider) -> None:
        """A kind that the provider does not list is Unsupported for the account as well."""
        for kind in set(ResourceKind) - account.kinds:
            with pytest.raises(Unsupported):
                list(account.list_account(kind))


def _read(account: AccountInventoryProvider, kind: ResourceKind) -> list[Resource]:
    pages: list[AccountPage] = list(account.list_account(kind))
    assert [page.unread for page in pages if page.unread] == []
    return [resource for page in pages for resource in page.resources]


def _region_and_id(resource: Resource) -> tuple[str, str]:
    return resource.region, resource.id
