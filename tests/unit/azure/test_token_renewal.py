"""Tokens are cached until Azure refuses them, and then renewed once."""

from __future__ import annotations

from itertools import count
from typing import Any

from azure.core.credentials import AccessToken

from providers.azure.token_renewal import RenewableIdentity


class _Identity:
    """Returns the same token on every call, as the cache of azure-identity does."""

    def __init__(self, number: int) -> None:
        self._token = AccessToken(f"token-{number}", 2**40)

    def get_token(self, *scopes: str, **options: Any) -> AccessToken:
        return self._token


def _renewable() -> RenewableIdentity:
    numbers = count(1)
    return RenewableIdentity(lambda: _Identity(next(numbers)))


def test_an_identity_is_opened_on_first_use() -> None:
    opened: list[int] = []

    def open_identity() -> _Identity:
        opened.append(1)
        return _Identity(1)

    identity = RenewableIdentity(open_identity)
    assert opened == []
    assert [identity.get_token("s").token for _ in range(3)] == ["token-1"] * 3
    assert opened == [1]


def test_several_refusals_of_one_token_renew_it_once() -> None:
    identity = _renewable()
    refused = identity.get_token("s").token
    for _ in range(4):
        identity.discard(refused)
        assert identity.get_token("s").token == "token-2"
    identity.discard("token-2")
    assert identity.get_token("s").token == "token-3"
