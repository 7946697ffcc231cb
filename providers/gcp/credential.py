"""The credential of one Google Cloud project: its fields and their validation."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, ClassVar, Final, Self

from pydantic import Field, SecretStr, field_validator, model_validator

from providers.gcp.billing_table import parse_table_name
from providers.gcp.workload_identity import (
    check_configuration,
    check_permitted,
    is_compute_service,
    require_google,
)
from skyclust.contract import CredentialModel
from skyclust.providerkit.credential_fields import base_address, require_match
from skyclust.providerkit.endpoints import check_endpoint
from skyclust.providerkit.permissions import OperatorPermissions

# https://cloud.google.com/resource-manager/docs/creating-managing-projects, "Before you begin";
# an old project may belong to a domain: example.com:project.
_PROJECT_ID: Final = re.compile(r"([a-z0-9.-]+:)?[a-z][a-z0-9-]{4,28}[a-z0-9]")
_UNIVERSE: Final = "googleapis.com"
_DOMAIN: Final = re.compile(r"[a-z0-9-]+(\.[a-z0-9-]+)+")


class GcpCredential(CredentialModel):
    """A service account's key, a workload identity configuration, or neither.

    Without both, the application default credentials of the worker's host are used. Field names
    are those of google-auth.
    """

    # The token service of a key is part of the key, which is secret as a whole.
    destination_fields: ClassVar[frozenset[str] | None] = frozenset({"endpoint"})

    service_account_info: SecretStr | None = Field(
        default=None,
        title="Service account key",
        description="The content of a service account's key file (JSON).",
    )
    external_account_info: SecretStr | None = Field(
        default=None,
        title="Workload identity configuration",
        description="The content of a workload identity federation's configuration file (JSON),"
        " in place of a key.",
    )
    project_id: str | None = Field(
        default=None,
        title="Project ID",
        description="The project to manage. Empty: the project of the key, else that of the"
        " application default credentials.",
    )
    billing_export_table: str | None = Field(
        default=None,
        title="FOCUS billing export",
        description="The BigQuery table of the FOCUS billing export, as project.dataset.table:"
        " acme-billing.gcp_billing_immutable_..._eu.gcp_billing_export_focus_... Empty: no costs"
        " are read.",
    )
    billing_query_gib: int = Field(
        default=100,
        ge=1,
        le=100_000,
        title="Largest billing query (GiB)",
        description="BigQuery refuses a query of the billing export that would read more, and so"
        " cost more.",
    )

    @field_validator("service_account_info", "external_account_info", mode="before")
    @classmethod
    def _object_to_json(cls, value: object) -> object:
        return json.dumps(value) if isinstance(value, Mapping) else value

    @field_validator("service_account_info")
    @classmethod
    def _check_key(cls, value: SecretStr | None) -> SecretStr | None:
        if value is None:
            return None
        content = _json_object(value)
        if content.get("type") != "service_account":
            raise ValueError("is not the key of a service account (it has another type)")
        missing = [n for n in ("client_email", "private_key", "token_uri") if not content.get(n)]
        if missing:
            raise ValueError(f"lacks {', '.join(missing)}: copy the whole file")
        _check_url("token_uri", content["token_uri"])
        _check_universe(content)
        return value

    @field_validator("external_account_info")
    @classmethod
    def _check_workload_identity(cls, value: SecretStr | None) -> SecretStr | None:
        if value is None:
            return None
        content = _json_object(value)
        check_configuration(content)
        _check_universe(content)
        return value

    @field_validator("project_id")
    @classmethod
    def _check_project_id(cls, value: str | None) -> str | None:
        message = "is not the ID of a project (its name and its number are not IDs)"
        return require_match(value, _PROJECT_ID, message)

    @field_validator("billing_export_table")
    @classmethod
    def _check_billing_export_table(cls, value: str | None) -> str | None:
        if not value:
            return None
        return str(parse_table_name(value))

    @field_validator("endpoint")
    @classmethod
    def _check_endpoint_path(cls, value: str | None) -> str | None:
        url = base_address(value)
        if url and "/" in url.partition("://")[2]:
            raise ValueError("is an address without path and query: /compute/v1 is added to it")
        return url

    @model_validator(mode="after")
    def _check_identity(self) -> Self:
        key, workload_identity = self.service_account_info, self.external_account_info
        if key is not None and workload_identity is not None:
            raise ValueError("give a service account key or a workload identity, not both")
        if workload_identity is not None and self.project_id is None:
            raise ValueError("a workload identity belongs to no project: give project_id")
        if key is None and self.endpoint is not None and not is_compute_service(self.endpoint):
            # Without a key, the token would be that of the worker itself.
            raise ValueError("an endpoint that is not Google's needs a service account key")
        if key is not None and self.project_id is None and not _json_object(key).get("project_id"):
            raise ValueError("the key names no project: give project_id")
        return self

    def service_addresses(self) -> list[str]:
        """Return the private endpoint and the token service of the key, those that are set."""
        key = self.key or {}
        return [str(url) for url in (self.endpoint, key.get("token_uri")) if url]

    def check_permitted(self, permissions: OperatorPermissions) -> None:
        """Raise ConfigurationError for an identity or a source that is not allowed."""
        if self.key is not None:
            return
        if self.workload_identity is not None:
            check_permitted(self.workload_identity, permissions)
        else:
            permissions.require_worker_identity("Google's application default credentials")
        if self.endpoint is not None:
            require_google(self.endpoint, permissions)

    @property
    def key(self) -> dict[str, Any] | None:
        """The service account's key as an object, None when it is not set."""
        info = self.service_account_info
        return None if info is None else _json_object(info)

    @property
    def workload_identity(self) -> dict[str, Any] | None:
        """The workload identity configuration as an object, None when it is not set."""
        info = self.external_account_info
        return None if info is None else _json_object(info)


def _json_object(text: SecretStr) -> dict[str, Any]:
    try:
        content = json.loads(text.get_secret_value())
    except ValueError:
        # The decoder's error contains the text, which may be secret.
        content = None
    if not isinstance(content, dict):
        message = "is not JSON: paste the content of the file, not its name"
        raise ValueError(message)  # noqa: TRY004 - pydantic does not accept TypeError
    return content


def _check_universe(content: Mapping[str, Any]) -> None:
    """Raise ValueError for a `universe_domain` that is not the name of a domain."""
    universe = str(content.get("universe_domain") or _UNIVERSE)
    _check_url("universe_domain", f"https://{universe}")
    if not _DOMAIN.fullmatch(universe):
        raise ValueError("has a universe_domain that is not the name of a domain")


def _check_url(field: str, value: object) -> None:
    """Raise ValueError for a field that is not a URL, before anything is sent there."""
    try:
        check_endpoint(str(value))
    except ValueError as error:
        raise ValueError(f"has a {field} that is not an address: {error}") from None
