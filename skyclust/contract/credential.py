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

    Secrets are `SecretStr` fields; field names are the SDK's own. What was typed in is not
    repeated in validation errors, for it may be a secret in the wrong place.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    aliases: ClassVar[Mapping[str, str]] = {}
    """Other names that fields may be given by, each with the field's own: those of the SDK, where
    the house has another word."""

    region_field: ClassVar[str] = "region"
    """The field, if there is one, that holds the region to work in when none is asked for."""

    destination_fields: ClassVar[frozenset[str] | None] = None
    """The fields that say where the secrets are sent, and how the other side proves who it is.
    Secrets are bound to them: whoever edits one has to give the secrets again. None: every field
    that is not secret itself."""

    endpoint: str | None = Field(
        default=None,
        title="Private endpoint",
        description="Base URL of a private or sovereign cloud. Empty: the public cloud.",
    )

    def service_addresses(self) -> list[str]:
        """Return the URLs that the credential names: where its secrets and requests will go."""
        return [self.endpoint] if self.endpoint else []

    def check_permitted(self, permissions: OperatorPermissions) -> None:
        """Raise ConfigurationError for what the operator of this process does not allow.

        Called before a credential is kept and each time it is opened. What the credential would
        use of the worker itself is checked here: its identity, its files. Addresses are not; they
        are checked by whatever connects.
        """

    @classmethod
    def by_field_names(cls, values: Mapping[str, Any]) -> dict[str, Any]:
        """Return given values under the names of the fields.

        Raises ValueError, without a value, for one that is given by both its names.
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
        # A form sends the empty string for a field that was left alone.
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
