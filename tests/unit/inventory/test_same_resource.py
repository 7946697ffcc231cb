"""A resource that several credentials see is shown once; two resources never are."""

from __future__ import annotations

from typing import Any

import pytest

from skyclust.inventory.queries import ResourceFilter, search_resources
from skyclust.model.resource import ResourceKind
from skyclust.model.scope import ScopeKey
from skyclust.store import credentials
from skyclust.store.engine import Store
from tests.unit.store.inventory import KEY, REGION, add_credential, machine, prepare, sync

EC2 = "i-0a1b2c3d4e5f60718"


def _store(store: Store, accounts: dict[str, str | None], **fields: Any) -> Store:
    """Return a store in which each credential sees one instance of the same id, and another."""
    prepare(store)
    for name, account in accounts.items():
        with store.writing() as connection:
            if name != "prod":
                add_credential(connection, name=name)
            if account is not None:
                credentials.set_verified(connection, "default", name, account, "me")
        key = ScopeKey(credential=name, region=REGION, kind=ResourceKind.INSTANCE)
        own = machine(f"of-{name}", id=f"i-of-{name}")
        sync(store, [machine("web", **{"id": EC2, **fields}), own], key=key)
    return store


def test_one_instance_through_three_credentials_is_shown_once(store: Store) -> None:
    _store(store, dict.fromkeys(("audit", "prod", "reader"), "111122223333"))

    page = search_resources(store, "default", ResourceFilter(), merge=True)

    shown = {each.resource.name: each.credentials for each in page.shared}
    assert shown["web"] == ("audit", "prod", "reader")
    assert (len(shown), page.total) == (4, 4)
    assert search_resources(store, "default", ResourceFilter()).total == 6


def test_pages_of_merged_resources_have_each_once(store: Store) -> None:
    _store(store, dict.fromkeys(("audit", "prod", "reader"), "111122223333"))
    names, cursor = [], None
    while True:
        page = search_resources(
            store, "default", ResourceFilter(), limit=1, cursor=cursor, merge=True
        )
        names += [each.resource.name for each in page.shared]
        assert page.total == 4
        if (cursor := page.next_cursor) is None:
            break

    assert sorted(names) == ["of-audit", "of-prod", "of-reader", "web"]


@pytest.mark.parametrize(
    ("accounts", "fields"),
    [
        ({"audit": "111122223333", "prod": "444455556666"}, {}),
        ({"audit": "111122223333", "prod": None, "other": "111122223333"}, {"id": "100"}),
        ({"audit": "cluster", "prod": "cluster"}, {"id": "100", "attributes": {"unique_id": "u"}}),
        ({"audit": None, "prod": None}, {}),
        ({"audit": "cluster", "prod": "cluster"}, {"id": "europe-west3-a/web"}),
    ],
)
def test_what_is_not_certainly_the_same_stays_apart(
    store: Store, accounts: dict[str, str | None], fields: dict[str, Any]
) -> None:
    _store(store, accounts, **fields)

    page = search_resources(store, "default", ResourceFilter(), merge=True)

    assert all(len(each.credentials) == 1 for each in page.shared)
    assert page.total == len(page.shared) == 2 * len(accounts)
    assert KEY.credential in {each.resource.credential for each in page.shared}
