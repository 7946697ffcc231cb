"""Checks of answers, pages, endpoints and unique ids."""

from __future__ import annotations

import pytest

from skyclust.errors import NotFound, UnexpectedAnswer
from skyclust.model.instance import InstanceReference
from skyclust.providerkit.answers import require_list, require_object
from skyclust.providerkit.endpoints import check_endpoint
from skyclust.providerkit.paging import MOST_EMPTY_PAGES, PageGuard
from skyclust.providerkit.same_instance import require_same_instance


@pytest.mark.parametrize("answer", [None, [], "<html>", 7, b""])
def test_an_answer_that_is_not_an_object_is_refused(answer: object) -> None:
    with pytest.raises(UnexpectedAnswer, match="Could not list disks: the answer is"):
        require_object(answer, doing="list disks", provider="acme")


@pytest.mark.parametrize("answer", [{}, {"value": None}, {"value": {}}, {"value": "a"}, None])
def test_an_answer_without_its_list_raises(answer: object) -> None:
    with pytest.raises(UnexpectedAnswer):
        require_list(answer, "value", doing="list disks", provider="acme")
    assert require_list({"value": []}, "value", doing="list disks", provider="acme") == []


def test_a_repeated_page_token_ends_the_list() -> None:
    guard = PageGuard("list disks", "acme")
    for token in ("a", "b", "c"):
        guard.check(token)
    with pytest.raises(UnexpectedAnswer, match="never ends"):
        guard.check("b")


def test_many_pages_without_a_new_item_end_the_list_and_a_few_do_not() -> None:
    guard = PageGuard("list disks", "acme")
    guard.check(0, ["d-1"])
    for number in range(1, MOST_EMPTY_PAGES):
        guard.check(number, ["d-1"])
    guard.check("new", ["d-2"])
    for number in range(MOST_EMPTY_PAGES - 1):
        guard.check(("later", number))
    with pytest.raises(UnexpectedAnswer, match="nothing new"):
        guard.check("last")


@pytest.mark.parametrize(
    "address",
    [
        "https://cloud.example",
        "https://cloud.example:8443/v3/",
        "http://127.0.0.1:5000",
        "https://[2001:db8::1]:8006",
        "https://my_host.example.",
        "https://münchen.example",
    ],
)
def test_the_address_of_a_service_is_returned_unchanged(address: str) -> None:
    assert check_endpoint(address) == address


@pytest.mark.parametrize(
    "address",
    [
        "",
        "cloud.example",
        "cloud.example:443",
        "ftp://cloud.example",
        "https://",
        "https://cloud.example:99999",
        "https://cloud.example:0",
        "https://cloud.example:x",
        f"https://{'a' * 64}.example",
        f"https://{'.'.join(['a' * 60] * 5)}",
        "https://cloud..example",
        "https://-cloud.example",
        "https://cloud .example",
        "https://cloud.example\n.evil",
        "https://evil.example\\@127.0.0.1/",
        "https://user:secret@cloud.example",
        "https://[2001:db8::1",
        "https://cloud.example/?a=b",
        "https://cloud.example/#a",
    ],
)
def test_an_invalid_address_is_refused(address: str) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        check_endpoint(address)


def test_another_instance_with_the_id_is_refused() -> None:
    reference = InstanceReference(region="east", id="web", unique_id="1")
    require_same_instance(reference, "1", provider="acme")
    with pytest.raises(NotFound, match="another instance has its id") as error:
        require_same_instance(reference, "2", provider="acme")
    assert error.value.provider == "acme"
