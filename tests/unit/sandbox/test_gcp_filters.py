"""Filters of the list methods of the sandbox GCP."""

from __future__ import annotations

from typing import Any

import pytest

from skyclust_sandbox.application import Refused
from skyclust_sandbox.gcp.filters import read_filter

INSTANCE: dict[str, Any] = {
    "name": "web-01",
    "status": "RUNNING",
    "zone": "https://www.googleapis.com/compute/v1/projects/p/zones/europe-west1-b",
    "labels": {"team": "web", "cost-center": "4300"},
    "tags": {"items": ["public", "https"]},
    "scheduling": {"preemptible": False},
    "guestCpus": 4,
}


@pytest.mark.parametrize(
    ("text", "matches"),
    [
        ("name = web-01", True),
        ('name="web-01"', True),
        ("name != web-01", False),
        ("labels.team=web", True),
        ("labels.team = 'other'", False),
        ("labels.team:*", True),
        ("labels.owner:*", False),
        ("NOT labels.owner:*", True),
        ("labels.cost-center=4300", True),
        ("tags.items=https", True),
        ("name:web*", True),
        ("zone:europe-west1-b", True),
        (f'zone = "{INSTANCE["zone"]}"', True),
        ("scheduling.preemptible = false", True),
        ("guestCpus > 2", True),
        ("guestCpus >= 5", False),
        ("(name = web-01) (status = TERMINATED)", False),
        ("(name = x) OR (status = RUNNING)", True),
        ("(name = web-01) AND (status = RUNNING)", True),
        ("name eq web-.*", True),
        ("name eq web", False),
        ("name ne .*-02", True),
        ('(name eq "web-0[1-3]") (status ne STOPPED)', True),
    ],
)
def test_filters(text: str, matches: bool) -> None:
    assert read_filter(text)(INSTANCE) is matches


@pytest.mark.parametrize("text", ["name", "name =", "(name = x", "= x", "name eq [", "name = x)"])
def test_an_invalid_filter_is_rejected(text: str) -> None:
    with pytest.raises(Refused) as caught:
        read_filter(text)
    assert caught.value.response.status_code == 400
