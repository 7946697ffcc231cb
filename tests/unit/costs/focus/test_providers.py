"""Names of providers in FOCUS."""

from __future__ import annotations

import pyarrow as pa
import pytest

from skyclust.costs.focus.providers import provider_of, with_provider_names


@pytest.mark.parametrize(
    ("name", "provider"),
    [
        ("AWS", "aws"),
        ("Amazon Web Services", "aws"),
        ("Amazon Web Services, Inc.", "aws"),
        ("Microsoft", "azure"),
        ("Microsoft Azure", "azure"),
        ("Google Cloud", "gcp"),
        ("google cloud platform", "gcp"),
        ("OpenStack", "openstack"),
        ("Proxmox VE", "proxmox"),
        ("Oracle Cloud  Infrastructure", "oracle-cloud-infrastructure"),
        ("Käse_Wolke", "käse-wolke"),
        ("", "unknown"),
        ("--", "unknown"),
        (None, "unknown"),
    ],
)
def test_names_of_clouds(name: str | None, provider: str) -> None:
    assert provider_of(name) == provider


def test_the_first_name_that_is_known_counts() -> None:
    assert provider_of(None, "Microsoft", "Contoso") == "azure"


def test_missing_names_are_filled_from_those_of_other_versions() -> None:
    table = pa.table(
        {
            "ProviderName": ["AWS", None, "AWS"],
            "PublisherName": ["Databricks", None, None],
            "ServiceProviderName": [None, "Google", "Amazon"],
            "HostProviderName": pa.array([None, None, None], pa.string()),
        }
    )
    assert with_provider_names(table).to_pydict() == {
        "ProviderName": ["AWS", "Google", "AWS"],
        "PublisherName": ["Databricks", None, None],
        "ServiceProviderName": ["AWS", "Google", "Amazon"],
        "HostProviderName": ["Databricks", None, None],
    }
    required = with_provider_names(table, publisher_required=True)
    assert required["PublisherName"].to_pylist() == ["Databricks", "Google", "AWS"]
