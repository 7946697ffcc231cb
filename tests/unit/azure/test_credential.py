"""Validation of the credential's fields."""

from __future__ import annotations

from typing import Any

import pytest
from azure.core import AzureClouds
from azure.identity import AzureAuthorityHosts
from azure.mgmt.core.tools import get_arm_endpoints
from pydantic import ValidationError

from providers.azure.credential import CLOUDS, AzureCloud, AzureCredential

SUBSCRIPTION = "00000000-1111-2222-3333-444444444444"
PRINCIPAL = {
    "subscription_id": SUBSCRIPTION,
    "tenant_id": "contoso.onmicrosoft.com",
    "client_id": "99999999-1111-2222-3333-444444444444",
}
WITH_SECRET = {**PRINCIPAL, "client_secret": "canary"}
PEM = "-----BEGIN CERTIFICATE-----\nMII\n-----BEGIN PRIVATE KEY-----\nMII\n"


def credential(**values: Any) -> AzureCredential:
    return AzureCredential.model_validate(values)


@pytest.mark.parametrize(
    "values",
    [
        WITH_SECRET,
        {**PRINCIPAL, "certificate_data": PEM},
        {**PRINCIPAL, "certificate_data": PEM, "password": "canary"},
        {"subscription_id": SUBSCRIPTION, "managed_identity": True},
        {
            "subscription_id": SUBSCRIPTION,
            "managed_identity": True,
            "client_id": PRINCIPAL["client_id"],
        },
    ],
)
def test_each_authentication_method(values: dict[str, Any]) -> None:
    assert credential(**values).resource_group == "skyclust"


@pytest.mark.parametrize(
    ("values", "complaint"),
    [
        (PRINCIPAL, "give one of"),
        ({**WITH_SECRET, "managed_identity": True}, "give one of"),
        ({**WITH_SECRET, "certificate_data": PEM}, "give one of"),
        ({**WITH_SECRET, "password": "canary"}, "only together with certificate_data"),
        ({**WITH_SECRET, "tenant_id": None}, "needs tenant_id and client_id"),
        ({**WITH_SECRET, "client_id": ""}, "needs tenant_id and client_id"),
        (
            {"subscription_id": SUBSCRIPTION, "managed_identity": True, "tenant_id": "a.b"},
            "has its tenant",
        ),
        ({**WITH_SECRET, "subscription_id": "production"}, "is not an id"),
        ({**WITH_SECRET, "tenant_id": "contoso"}, "neither an id nor a domain"),
        ({**WITH_SECRET, "client_secret": "can ary"}, "copy it again"),
        ({**PRINCIPAL, "certificate_data": "MII"}, "not PEM text"),
        ({**WITH_SECRET, "cloud": "mooncake"}, "cloud"),
        ({**WITH_SECRET, "endpoint": "management.example.com"}, "begins with https"),
        ({**WITH_SECRET, "endpoint": "https://management.example.com?a=b"}, "query and"),
        ({**WITH_SECRET, "authority": "https://a:b@login.example.com"}, "no user name"),
        ({**WITH_SECRET, "authority": "https://login.example.com:99999"}, "up to 65535"),
        ({**WITH_SECRET, "audience": f"https://{'a' * 64}.example.com"}, "at most 63"),
        ({**WITH_SECRET, "resource_group": "a/b"}, "up to 90"),
        ({**WITH_SECRET, "resource_group": "ends."}, "no dot last"),
        ({**WITH_SECRET, "cost_billing_account": "1234567"}, "billingAccounts/1234567"),
    ],
)
def test_an_ambiguous_or_malformed_credential_is_refused(
    values: dict[str, Any], complaint: str
) -> None:
    with pytest.raises(ValidationError, match=complaint) as refused:
        credential(**values)
    assert "canary" not in str(refused.value)


def test_empty_fields_of_a_form_are_absent() -> None:
    empty = {"certificate_data": "", "password": "", "endpoint": "", "authority": "", "cloud": ""}
    filled = credential(**WITH_SECRET, **empty, resource_group="")
    assert filled == credential(**WITH_SECRET)


def test_ids_are_kept_in_lower_case() -> None:
    upper = credential(**{**WITH_SECRET, "subscription_id": "AAAAAAAA-1111-2222-3333-444444444444"})
    assert upper.subscription_id == "aaaaaaaa-1111-2222-3333-444444444444"


@pytest.mark.parametrize(
    ("cloud", "sdk", "authority"),
    [
        (AzureCloud.PUBLIC, AzureClouds.AZURE_PUBLIC_CLOUD, AzureAuthorityHosts.AZURE_PUBLIC_CLOUD),
        (
            AzureCloud.US_GOVERNMENT,
            AzureClouds.AZURE_US_GOVERNMENT,
            AzureAuthorityHosts.AZURE_GOVERNMENT,
        ),
        (AzureCloud.CHINA, AzureClouds.AZURE_CHINA_CLOUD, AzureAuthorityHosts.AZURE_CHINA),
    ],
)
def test_the_addresses_of_a_cloud_are_those_of_the_sdk(
    cloud: AzureCloud, sdk: AzureClouds, authority: str
) -> None:
    known = get_arm_endpoints(sdk)
    addresses = credential(**WITH_SECRET, cloud=cloud).addresses()
    assert addresses == CLOUDS[cloud]
    assert f"{addresses.endpoint}/" == known["resource_manager"]
    assert [f"{addresses.audience}/.default"] == known["credential_scopes"]
    assert addresses.authority == f"https://{authority}"


def test_a_private_cloud_has_its_own_addresses() -> None:
    private = credential(
        **WITH_SECRET,
        endpoint="https://management.local.azurestack.external/",
        authority="https://login.local.azurestack.external/adfs",
        audience="https://management.adfs.azurestack.local/1234",
    ).addresses()
    assert private.endpoint == "https://management.local.azurestack.external"
    assert private.authority == "https://login.local.azurestack.external/adfs"
    assert private.audience == "https://management.adfs.azurestack.local/1234"
