"""Sealing and opening the secret fields of a whole credential.

A credential's values are a mapping of field names to JSON values, as in a Prefect block document.
The provider's credential model defines the fields, and which of them are secret.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, get_args

from pydantic import BaseModel, JsonValue, Secret, SecretBytes, SecretStr

from skyclust.contract import CredentialModel
from skyclust.errors import ConfigurationError
from skyclust.model.sealed_state import SealedState
from skyclust.redaction import register_secret
from skyclust.security.binding import Binding, canonical, credential_binding
from skyclust.security.keyring import Keyring
from skyclust.security.sealing import digest_of, is_current, is_sealed, key_id_of, seal, unseal

Values = Mapping[str, JsonValue]


@dataclass(frozen=True)
class Owner:
    """The credential that secrets belong to."""

    provider: str
    workspace_id: str
    name: str

    def binding(self, field: str, where: Values) -> Binding:
        """Return the binding of one of its secrets, which is sent to `where`."""
        return credential_binding(
            provider=self.provider,
            workspace_id=self.workspace_id,
            name=self.name,
            field=field,
            destination=where,
        )


def secret_fields(model: type[CredentialModel]) -> frozenset[str]:
    """Return the names of the fields that are sealed: those of type `SecretStr`.

    Raises ConfigurationError for a secret within a list, a mapping or a nested model, where it
    cannot be sealed.
    """
    names: set[str] = set()
    for name, info in model.model_fields.items():
        options = _options(info.annotation)
        if options == {SecretStr}:
            names.add(name)
        elif any(_holds_secret(option) for option in options):
            raise ConfigurationError(
                f"Field {name!r} of {model.__name__} holds a secret that cannot be sealed.",
                hint="Secrets of a credential are fields of type SecretStr or SecretStr | None.",
            )
    return frozenset(names)


def by_field_names(model: type[CredentialModel], values: Values) -> dict[str, JsonValue]:
    """Return the values under the names of the model's fields.

    Raises ConfigurationError, which repeats no value, for a field that is given by two names.
    """
    try:
        return model.by_field_names(values)
    except ValueError as error:
        raise ConfigurationError(f"The credential is not valid: {error}.") from None


def destination(model: type[CredentialModel], values: Values) -> dict[str, JsonValue]:
    """Return the fields that say where the secrets are sent and how the other side proves itself.

    A field that is absent, empty or has its default is left out: a form sends such fields when it
    is saved, and the destination is the same.
    """
    secret = secret_fields(model)
    named = model.destination_fields
    fields: dict[str, JsonValue] = {}
    for name, value in by_field_names(model, values).items():
        if name in secret or (named is not None and name not in named):
            continue
        info = model.model_fields.get(name)
        if value not in (None, "") and (info is None or value != info.default):
            fields[name] = value
    return fields


def plain_fields(secret: frozenset[str], values: Values) -> list[str]:
    """Return the names of the secret fields whose value is not sealed, sorted."""
    return sorted(name for name, text in _secrets(secret, values) if not is_sealed(text))


def key_ids(values: Values) -> frozenset[str]:
    """Return the ids of the keys with which the sealed values are sealed."""
    texts = (value for value in values.values() if isinstance(value, str))
    return frozenset(key_id_of(text) for text in texts if is_sealed(text))


def sealed_state(model: type[CredentialModel], values: Values) -> SealedState:
    """Return digests of the sealed values of a credential and of their destination."""
    secret = secret_fields(model)
    return SealedState(
        values={
            name: digest_of(text) for name, text in _secrets(secret, values) if is_sealed(text)
        },
        destination={
            name: hashlib.sha256(canonical(value).encode()).hexdigest()
            for name, value in destination(model, values).items()
        },
        since=datetime.now(UTC),
    )


def seal_fields(
    keyring: Keyring, model: type[CredentialModel], values: Values, owner: Owner
) -> dict[str, JsonValue]:
    """Return the values by field name, every secret sealed with the newest key in the newest form.

    A secret that is sealed so already stays as it is. Raises ConfigurationError for a sealed
    secret that does not open with this binding.
    """
    sealed = by_field_names(model, values)
    where = destination(model, sealed)
    for field, text in _secrets(secret_fields(model), sealed):
        binding = owner.binding(field, where)
        plaintext = unseal(keyring, text, binding) if is_sealed(text) else text
        register_secret(plaintext)
        if not is_sealed(text) or not is_current(keyring, text):
            sealed[field] = seal(keyring, plaintext, binding)
    return sealed


def open_fields(
    keyring: Keyring, model: type[CredentialModel], values: Values, owner: Owner
) -> dict[str, JsonValue]:
    """Return the values with every secret in plain text, and register the secrets for redaction.

    Raises ConfigurationError when a secret does not open, or is not sealed at all.
    """
    opened = by_field_names(model, values)
    where = destination(model, opened)
    for field, text in _secrets(secret_fields(model), opened):
        plaintext = unseal(keyring, text, owner.binding(field, where))
        register_secret(plaintext)
        opened[field] = plaintext
    return opened


def _secrets(secret: frozenset[str], values: Values) -> Iterator[tuple[str, str]]:
    for name in sorted(secret & values.keys()):
        value = values[name]
        if value is None:
            continue
        if not isinstance(value, str):
            raise ConfigurationError(
                f"The secret field {name!r} is not a text.", hint="Give it as one JSON string."
            )
        yield name, value


def _options(annotation: Any) -> set[Any]:
    """Return the types of a union without None, or the type itself."""
    arguments = set(get_args(annotation))
    return arguments - {type(None)} if type(None) in arguments else {annotation}


def _holds_secret(annotation: Any) -> bool:
    if isinstance(annotation, type) and issubclass(annotation, (SecretStr, SecretBytes, Secret)):
        return True
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        fields = annotation.model_fields.values()
        return any(_holds_secret(field.annotation) for field in fields)
    return any(_holds_secret(argument) for argument in get_args(annotation))
