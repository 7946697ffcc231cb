"""The credential of one Google Cloud project: what the form asks for, and what it refuses."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, ClassVar, Final, Self

from pydantic import Field, SecretStr, field_validator, model_validator

from providers.gcp.workload_identity import (
    check_configuration,
    check_permitted,
    is_compute_service,
    require_google,
)
from skyclust.contract import CredentialModel
from skyclust.providerkit.endpoints import check_endpoint
from skyclust.providerkit.permissions import OperatorPermissions

# https://cloud.google.com/resource-manager/docs/creating-managing-projects, "Before you begin";
# an old project may belong to a domain: example.com:project.
_PROJECT_ID: Final = re.compile(r"([a-z0-9.-]+:)?[a-z][a-z0-9-]{4,28}[a-z0-9]")
_UNIVERSE: Final = "googleapis.com"
_DOMAIN: Final = re.compile(r"[a-z0-9-]+(\.[a-z0-9-]+)+")


class GcpCredential(CredentialModel):
    """A service account's key, a workload identity configuration, or neither.

    Neither: the application default credentials of the machine that runs the worker. Field
    names are those of google-auth.
    """

    # Where a key signs in stands in the key itself, which is secret as a whole.
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
        description="The project to work in. Empty: the key's own project, else that of the"
        " application default credentials.",
    )

    @field_validator("*", mode="before")
    @classmethod
    def _empty_means_absent(cls, value: object) -> object:
        # A form sends the empty string for a field that was left alone.
        content = value.get_secret_value() if isinstance(value, SecretStr) else value
        return None if content == "" else value

    @field_validator("service_account_info", "external_account_info", mode="before")
    @classmethod
    def _an_object_is_taken_as_its_text(cls, value: object) -> object:
        return json.dumps(value) if isinstance(value, Mapping) else value

    @field_validator("service_account_info")
    @classmethod
    def _key_of_a_service_account(cls, value: SecretStr | None) -> SecretStr | None:
        if value is None:
            return None
        content = _json_object(value)
        if content.get("type") != "service_account":
            raise ValueError("is not the key of a service account (its type is another)")
        missing = [n for n in ("client_email", "private_key", "token_uri") if not content.get(n)]
        if missing:
            raise ValueError(f"lacks {', '.join(missing)}: copy the whole file")
        _check_address("token_uri", content["token_uri"])
        _check_universe(content)
        return value

    @field_validator("external_account_info")
    @classmethod
    def _configuration_of_a_federation(cls, value: SecretStr | None) -> SecretStr | None:
        if value is None:
            return None
        content = _json_object(value)
        check_configuration(content)
        _check_universe(content)
        return value

    @field_validator("project_id")
    @classmethod
    def _id_of_a_project(cls, value: str | None) -> str | None:
        if value is not None and not _PROJECT_ID.fullmatch(value):
            raise ValueError("is not the ID of a project (its name and number are others)")
        return value

    @field_validator("endpoint")
    @classmethod
    def _endpoint_without_a_path(cls, value: str | None) -> str | None:
        if value is None:
            return None
        _, _, behind = value.rstrip("/").partition("://")
        if any(mark in behind for mark in "/?#"):
            raise ValueError("is an address without path and query: /compute/v1 is added to it")
        return value.rstrip("/")

    @model_validator(mode="after")
    def _one_identity(self) -> Self:
        key, federation = self.service_account_info, self.external_account_info
        if key is not None and federation is not None:
            raise ValueError("give a service account key or a workload identity, not both")
        if federation is not None and self.project_id is None:
            raise ValueError("a workload identity belongs to no project: give project_id")
        if key is None and self.endpoint is not None and not is_compute_service(self.endpoint):
            # The token would be that of the worker itself.
            raise ValueError("an endpoint that is not Google's needs a service account key")
        if key is not None and self.project_id is None and not _json_object(key).get("project_id"):
            raise ValueError("the key names no project: give project_id")
        return self

    def service_addresses(self) -> list[str]:
        """Return the private endpoint, and where the key says that tokens are had."""
        key = self.key or {}
        return [str(one) for one in (self.endpoint, key.get("token_uri")) if one]

    def check_permitted(self, permissions: OperatorPermissions) -> None:
        """Raise ConfigurationError for an identity, file or URL of the worker's not allowed."""
        if self.key is not None:
            return
        if self.federation is not None:
            check_permitted(self.federation, permissions)
        else:
            permissions.require_worker_identity("Google's application default credentials")
        if self.endpoint is not None:
            require_google(self.endpoint, permissions)

    @property
    def key(self) -> dict[str, Any] | None:
        """The service account's key as an object, None without one."""
        info = self.service_account_info
        return None if info is None else _json_object(info)

    @property
    def federation(self) -> dict[str, Any] | None:
        """The workload identity configuration as an object, None without one."""
        info = self.external_account_info
        return None if info is None else _json_object(info)


def _json_object(text: SecretStr) -> dict[str, Any]:
    try:
        content = json.loads(text.get_secret_value())
    except ValueError:
        # The decoder's error would carry the text.
        content = None
    if not isinstance(content, dict):
        message = "is not JSON: paste the content of the file, not its name"
        raise ValueError(message)  # noqa: TRY004 - pydantic takes no TypeError
    return content


def _check_universe(content: Mapping[str, Any]) -> None:
    """Raise ValueError for a universe_domain that is more, or less, than the name of a domain."""
    universe = str(content.get("universe_domain") or _UNIVERSE)
    _check_address("universe_domain", f"https://{universe}")
    if not _DOMAIN.fullmatch(universe):
        raise ValueError("has a universe_domain that is no address: it is the name of a domain")


def _check_address(field: str, value: object) -> None:
    """Raise ValueError for what can be no address, before anything is sent there."""
    try:
        check_endpoint(str(value))
    except ValueError as error:
        raise ValueError(f"has a {field} that is no address: {error}") from None
