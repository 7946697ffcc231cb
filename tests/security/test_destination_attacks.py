"""Whoever edits where a secret is sent, or how the other side is known, gets no secret."""

from __future__ import annotations

from typing import Any

import pytest

from skyclust.errors import ConfigurationError
from skyclust.orchestration.credential_verification import verify_credential
from skyclust.orchestration.credentials import load_credential, save_credential
from skyclust.orchestration.resealing import seal_credential_blocks
from skyclust.orchestration.rotation import rotate_key
from skyclust.registry import provider_class
from skyclust.security.fields import secret_fields
from skyclust.store import audit
from skyclust.store.engine import Store
from tests.fixtures.sampling import sampled
from tests.integration.credentials.conftest import Blocks
from tests.security.accounts import ACCOUNTS, CANARY
from tests.security.conftest import Attacker, Listener

pytestmark = pytest.mark.integration

PEM = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"

# Each field that a provider names, with what an attacker would put there; {url} and {port} are his.
MOVES: dict[str, dict[str, dict[str, Any]]] = {
    "aws": {
        "endpoint": {"endpoint": "{url}"},
        "role_arn": {"role_arn": "arn:aws:iam::666666666666:role/mine"},
    },
    "azure": {
        "endpoint": {"endpoint": "{url}"},
        "authority": {"authority": "{url}"},
        "audience": {"audience": "{url}"},
        "cloud": {"cloud": "china"},
        "tenant_id": {"tenant_id": "66666666-6666-6666-6666-666666666666"},
    },
    "gcp": {"endpoint": {"endpoint": "{url}"}},
    "openstack": {
        "endpoint": {"endpoint": "{url}/v3"},
        "verify": {"verify": False},
        "cacert": {"cacert": PEM},
        "interface": {"interface": "admin"},
    },
    "proxmox": {
        "endpoint": {"endpoint": "{url}"},
        "host": {"host": "127.0.0.1", "port": 1, "endpoint": None},
        "port": {"port": 1},
        "verify_ssl": {"verify_ssl": False},
        "ca_certificate": {"ca_certificate": PEM},
        "fingerprint": {"fingerprint": ":".join(["AB"] * 32)},
    },
}

ATTACKS = [(provider, field) for provider, moves in MOVES.items() for field in moves]

SAMPLE = sampled(ATTACKS, core=lambda attack: attack[1] == "endpoint", at_random=4)


def _changes(wanted: dict[str, Any], listener: Listener) -> dict[str, Any]:
    return {
        name: value.format(url=listener.url) if isinstance(value, str) else value
        for name, value in wanted.items()
    }


def _refusals(store: Store) -> list[dict[str, Any]]:
    with store.reading() as connection:
        entries = audit.list_all(connection, "default")
    return [one.detail for one in entries if one.action == "credential.refuse"]


def test_every_field_that_a_provider_names_is_attacked() -> None:
    for provider, moves in MOVES.items():
        assert provider_class(provider).credential_model.destination_fields == moves.keys()


@pytest.mark.parametrize(
    ("provider", "field"),
    SAMPLE,
)
def test_nothing_is_sent_where_an_attacker_points(
    store: Store, attacker: Attacker, listener: Listener, provider: str, field: str
) -> None:
    save_credential(store, "default", "prod", provider, ACCOUNTS[provider])
    before = attacker.steal(provider, "default--prod")
    attacker.put(provider, "default--prod", **_changes(MOVES[provider][field], listener))

    for use in (verify_credential, load_credential):
        with pytest.raises(ConfigurationError, match=rf"{field!r}.* was changed since") as refused:
            use(store, "default", "prod")
        assert CANARY not in f"{refused.value} {refused.value.hint}"

    assert (listener.connections, listener.heard) == (0, b"")
    [detail] = _refusals(store)
    assert detail["reason"] == "moved"
    assert field in str(detail["fields"])
    # Whoever puts it back has it work again: nothing was sealed for the other place meanwhile.
    back = dict.fromkeys(MOVES[provider][field]) | before
    attacker.put(provider, "default--prod", **back)
    assert load_credential(store, "default", "prod")


@pytest.mark.parametrize("walk", ["seal", "rotate"])
def test_no_walk_seals_a_secret_for_the_attackers_place(
    home: object, store: Store, attacker: Attacker, listener: Listener, walk: str
) -> None:
    save_credential(store, "default", "prod", "aws", ACCOUNTS["aws"])
    attacker.put("aws", "default--prod", endpoint=listener.url)
    moved = attacker.steal("aws", "default--prod")

    if walk == "seal":
        [problem] = seal_credential_blocks(store).problems
    else:
        with pytest.raises(ConfigurationError, match="1 could not be") as failed:
            rotate_key(store, drop_old=True)
        problem = str(failed.value)

    assert "'endpoint'" in problem
    assert attacker.steal("aws", "default--prod") == moved


def test_a_dummy_secret_beside_a_sealed_one_opens_nothing(
    store: Store, attacker: Attacker, listener: Listener
) -> None:
    """What is plain would be sealed at first use, and the block be written with all of it."""
    save_credential(store, "default", "prod", "aws", ACCOUNTS["aws"])
    attacker.put("aws", "default--prod", endpoint=listener.url, secret_access_key="dummy")

    with pytest.raises(ConfigurationError, match="'endpoint'"):
        verify_credential(store, "default", "prod")

    assert listener.connections == 0
    assert attacker.steal("aws", "default--prod")["secret_access_key"] == "dummy"


def test_an_alias_moves_nothing_either(
    store: Store, attacker: Attacker, listener: Listener
) -> None:
    save_credential(store, "default", "prod", "openstack", ACCOUNTS["openstack"])
    attacker.put("openstack", "default--prod", endpoint=None, auth_url=f"{listener.url}/v3")

    with pytest.raises(ConfigurationError, match="'endpoint'"):
        verify_credential(store, "default", "prod")

    assert listener.connections == 0


def test_a_secret_that_is_given_again_goes_to_the_new_place(
    store: Store, attacker: Attacker, listener: Listener, blocks: Blocks
) -> None:
    """Who moves an endpoint for good types the secrets again, here in the UI's form."""
    save_credential(store, "default", "prod", "openstack", ACCOUNTS["openstack"])
    attacker.put(
        "openstack", "default--prod", endpoint="https://new.example/v3", password="typed-again"
    )

    opened = load_credential(store, "default", "prod")

    assert opened.endpoint == "https://new.example/v3"
    assert attacker.steal("openstack", "default--prod")["password"].startswith("sealed:v2:")
    assert load_credential(store, "default", "prod") == opened
    assert _refusals(store) == []


def test_a_form_that_sends_defaults_moves_nothing(store: Store, attacker: Attacker) -> None:
    save_credential(store, "default", "prod", "openstack", ACCOUNTS["openstack"])
    attacker.put(
        "openstack", "default--prod", verify=True, interface="public", region_name="RegionOne"
    )

    assert load_credential(store, "default", "prod")
    assert _refusals(store) == []


def test_every_secret_of_every_provider_is_covered() -> None:
    for provider in MOVES:
        secrets = secret_fields(provider_class(provider).credential_model)
        assert secrets & ACCOUNTS[provider].keys()
