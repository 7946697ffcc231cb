"""The base of every provider's credential."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    ValidationInfo,
    field_validator,
    model_validator,
)

from skyclust.providerkit.credential_fields import is_empty
from skyclust.providerkit.endpoints import check_endpoint
from skyclust.providerkit.permissions import OperatorPermissions


class CredentialModel(BaseModel):
    """Base of every provider's credential; its fields make the form in the Prefect UI.

    Secrets are `SecretStr` fields; field names are the SDK's own. Validation errors do not repeat
    the input, which may be a secret in the wrong field.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    aliases: ClassVar[Mapping[str, str]] = {}
    """Other accepted names of fields, each with the name of the field: the SDK's names, where
    SkyClust uses another name."""

    region_field: ClassVar[str] = "region"
    """The name of the field that holds the default region, where the model has such a field."""

    destination_fields: ClassVar[frozenset[str] | None] = None
    """The fields that determine where the secrets are sent, and how the server proves its identity.
    Secrets are bound to them: whoever edits such a field has to enter the secrets again. None:
    every field that is not secret itself."""

    endpoint: str | None = Field(
        default=None,
        title="Private endpoint",
        description="Base URL of a private or sovereign cloud. Empty: the public cloud.",
    )

    def service_addresses(self) -> list[str]:
        """Return the URLs in the credential, to which its secrets and requests are sent."""
        return [self.endpoint] if self.endpoint else []

    def check_permitted(self, permissions: OperatorPermissions) -> None:
        """Raise ConfigurationError for what the operator of this process does not allow.

        Called before a credential is stored and each time it is opened. Checks what the credential
        would use of the worker itself: its identity and its files. Addresses are not checked here,
        but when a connection is made (`skyclust.providerkit.guarded_http`).
        """

    @classmethod
    def by_field_names(cls, values: Mapping[str, Any]) -> dict[str, Any]:
        """Return the values under the names of the fields, with the aliases replaced.

        Raises ValueError, which does not repeat the value, for a field that is given under two
        names with different values.
        """
        named: dict[str, Any] = {}
        for given, value in values.items():
            name = cls.aliases.get(given, given)
            if name in named and named[name] != value and value not in (None, ""):
                if named[name] not in (None, ""):
                    raise ValueError(f"{name} is given twice, also as {_others(cls, name)}")
                named[name] = value
            named.setdefault(name, value)
        return named

    @model_validator(mode="before")
    @classmethod
    def _under_the_names_of_fields(cls, values: object) -> object:
        return cls.by_field_names(values) if isinstance(values, Mapping) else values

    @field_validator("*", mode="before")
    @classmethod
    def _default_when_empty(cls, value: object, info: ValidationInfo) -> object:
        # A form sends the empty string for a field that was not filled in.
        if value is None or not is_empty(value):
            return value
        field = cls.model_fields[info.field_name or ""]
        return None if field.is_required() else field.get_default(call_default_factory=True)

    @field_validator("endpoint")
    @classmethod
    def _an_endpoint_is_an_address(cls, value: str | None) -> str | None:
        return check_endpoint(value) if value else value


def _others(model: type[CredentialModel], field: str) -> str:
    return ", ".join(alias for alias, name in model.aliases.items() if name == field)
