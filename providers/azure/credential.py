"""The credential of one Azure subscription: its fields and their validation."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar, Final, Self

from pydantic import Field, SecretStr, field_validator, model_validator

from skyclust.contract import CredentialModel
from skyclust.providerkit.credential_fields import base_address, refuse_whitespace, require_match
from skyclust.providerkit.endpoints import Endpoint
from skyclust.providerkit.permissions import OperatorPermissions

_UUID: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_DOMAIN: Final = re.compile(r"[a-z0-9-]+(\.[a-z0-9-]+)+")
_BILLING_ACCOUNT: Final = re.compile(
    r"/providers/microsoft\.billing/billingaccounts/[\w:.-]+(/billingprofiles/[\w-]+)?",
    re.IGNORECASE,
)
# https://learn.microsoft.com/en-us/azure/azure-resource-manager/management/resource-name-rules
_RESOURCE_GROUP: Final = re.compile(r"[\w().-]{0,89}[\w()-]", re.ASCII)


class AzureCloud(StrEnum):
    """The Azure clouds that Microsoft and its partners operate."""

    PUBLIC = "public"
    US_GOVERNMENT = "usgovernment"
    CHINA = "china"


@dataclass(frozen=True)
class CloudAddresses:
    """The authority and Resource Manager endpoint of a cloud, and the audience of its tokens."""

    authority: str
    endpoint: str
    audience: str


# As in azure.identity.AzureAuthorityHosts and azure.mgmt.core.tools.get_arm_endpoints, which a
# test compares them with.
CLOUDS: Final = {
    AzureCloud.PUBLIC: CloudAddresses(
        "https://login.microsoftonline.com",
        "https://management.azure.com",
        "https://management.azure.com",
    ),
    AzureCloud.US_GOVERNMENT: CloudAddresses(
        "https://login.microsoftonline.us",
        "https://management.usgovcloudapi.net",
        "https://management.core.usgovcloudapi.net",
    ),
    AzureCloud.CHINA: CloudAddresses(
        "https://login.chinacloudapi.cn",
        "https://management.chinacloudapi.cn",
        "https://management.chinacloudapi.cn",
    ),
}


class AzureCredential(CredentialModel):
    """A service principal with a secret or a certificate, or a managed identity.

    Field names are those of azure-identity. Exactly one authentication method is given, so that
    the identity is never ambiguous.
    """

    destination_fields: ClassVar[frozenset[str] | None] = frozenset(
        {"endpoint", "authority", "audience", "cloud", "tenant_id"}
    )

    subscription_id: str = Field(
        title="Subscription ID",
        description="The subscription to work in, for example"
        " 00000000-1111-2222-3333-444444444444.",
    )
    tenant_id: str | None = Field(
        default=None,
        title="Tenant ID",
        description="The directory that the service principal is registered in, by id or domain.",
    )
    client_id: str | None = Field(
        default=None,
        title="Client ID",
        description="The application (client) ID of the service principal; with a managed"
        " identity, that of a user-assigned identity.",
    )
    client_secret: SecretStr | None = Field(
        default=None,
        title="Client secret",
        description="The value of a client secret of the service principal (not the secret's ID).",
    )
    certificate_data: SecretStr | None = Field(
        default=None,
        title="Certificate",
        description="In place of a secret: the certificate of the service principal and its RSA"
        " private key, as PEM text.",
    )
    password: SecretStr | None = Field(
        default=None,
        title="Certificate password",
        description="Only for a certificate whose private key is encrypted.",
    )
    managed_identity: bool = Field(
        default=False,
        title="Managed identity",
        description="Authenticate as the identity of the Azure VM that runs the worker.",
    )
    cloud: AzureCloud = Field(
        default=AzureCloud.PUBLIC,
        title="Cloud",
        description="The Azure cloud that the subscription is in.",
    )
    authority: Endpoint | None = Field(
        default=None,
        title="Authority",
        description="Where to sign in, for a private cloud. Empty: the cloud's own.",
    )
    audience: Endpoint | None = Field(
        default=None,
        title="Audience",
        description="The audience of access tokens, for a private cloud (from the metadata of its"
        " Resource Manager). Empty: the cloud's own.",
    )
    resource_group: str = Field(
        default="skyclust",
        title="Resource group",
        description="The group that VMs are created in; created with the first VM if it does"
        " not exist.",
    )
    cost_billing_account: str | None = Field(
        default=None,
        title="Billing account of imported exports",
        description="Only if FOCUS exports with the subscription's costs are imported: their"
        " BillingAccountId. What Cost Management says is then compared with them and never added.",
    )

    @field_validator("*", mode="before")
    @classmethod
    def _strip(cls, value: object) -> object:
        return value.strip() if isinstance(value, str) else value

    @field_validator("client_secret")
    @classmethod
    def _check_client_secret(cls, value: SecretStr | None) -> SecretStr | None:
        return refuse_whitespace(value)

    @field_validator("subscription_id", "client_id")
    @classmethod
    def _check_id(cls, value: str | None) -> str | None:
        message = "is not an id (00000000-1111-2222-3333-444444444444)"
        return require_match(value.lower(), _UUID, message) if value else value

    @field_validator("tenant_id")
    @classmethod
    def _check_id_or_domain(cls, value: str | None) -> str | None:
        if value is None:
            return None
        if not _UUID.fullmatch(value.lower()) and not _DOMAIN.fullmatch(value.lower()):
            raise ValueError("is neither an id nor a domain (contoso.onmicrosoft.com)")
        return value.lower()

    @field_validator("certificate_data")
    @classmethod
    def _check_certificate(cls, value: SecretStr | None) -> SecretStr | None:
        if value is None:
            return None
        content = value.get_secret_value()
        if "-----BEGIN CERTIFICATE-----" not in content or "PRIVATE KEY-----" not in content:
            raise ValueError("is not PEM text with both a certificate and its private key")
        return value

    @field_validator("resource_group")
    @classmethod
    def _check_resource_group(cls, value: str) -> str:
        message = "has up to 90 letters, digits or characters of _().- and no dot last"
        return require_match(value, _RESOURCE_GROUP, message)

    @field_validator("cost_billing_account")
    @classmethod
    def _check_billing_account(cls, value: str | None) -> str | None:
        message = "is not an id (/providers/Microsoft.Billing/billingAccounts/1234567)"
        return require_match(value, _BILLING_ACCOUNT, message) if value else None

    @field_validator("endpoint", "authority", "audience")
    @classmethod
    def _check_base_url(cls, value: str | None) -> str | None:
        return base_address(value)

    @model_validator(mode="after")
    def _check_authentication_method(self) -> Self:
        methods = (self.client_secret, self.certificate_data, self.managed_identity or None)
        if sum(method is not None for method in methods) != 1:
            raise ValueError("give one of client_secret, certificate_data and managed_identity")
        if self.password is not None and self.certificate_data is None:
            raise ValueError("password is used only together with certificate_data")
        if self.managed_identity and (self.tenant_id or self.authority):
            raise ValueError("a managed identity has its tenant: leave tenant_id, authority empty")
        if self.managed_identity and (self.endpoint or self.audience):
            raise ValueError(
                "a managed identity signs in to Azure alone: leave endpoint and audience empty"
            )
        if not self.managed_identity and (self.tenant_id is None or self.client_id is None):
            raise ValueError("a service principal needs tenant_id and client_id")
        return self

    def service_addresses(self) -> list[str]:
        """Return the private endpoint and the private authority, if given."""
        return [address for address in (self.endpoint, self.authority) if address]

    def check_permitted(self, permissions: OperatorPermissions) -> None:
        """Raise ConfigurationError if the operator does not allow the use of a managed identity."""
        if self.managed_identity:
            permissions.require_worker_identity("the managed identity of the worker's VM")

    def addresses(self) -> CloudAddresses:
        """Return authority, endpoint and audience: the given ones, else those of the cloud.

        None of them ends in a slash.
        """
        cloud = CLOUDS[self.cloud]
        return CloudAddresses(
            self.authority or cloud.authority,
            self.endpoint or cloud.endpoint,
            self.audience or cloud.audience,
        )
