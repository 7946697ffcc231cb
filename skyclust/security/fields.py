"""Sealing and opening the secret fields of a whole credential.

A credential's values are a plain mapping of field names to JSON values, as a Prefect block
document holds them. What the fields are, and which of them are secret, is told by the
provider's credential model.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, get_args

from pydantic import BaseModel, JsonValue, Secret, SecretBytes, SecretStr

from skyclust.contract import CredentialModel
from skyclust.errors import ConfigurationError
from skyclust.redaction import register_secret
from skyclust.security.keyring import Keyring
from skyclust.security.sealing import is_sealed, key_id_of, seal, unseal

Values = Mapping[str, JsonValue]


def secret_fields(model: type[CredentialModel]) -> frozenset[str]:
    """Return the names of the fields that are sealed: those of type `SecretStr`.

    Raises ConfigurationError when a secret hides in a list, a mapping or a model of its
    own, where it could not be sealed.
    """
    found: set[str] = set()
    for name, info in model.model_fields.items():
        options = _options(info.annotation)
        if options == {SecretStr}:
            found.add(name)
        elif any(_holds_secret(option) for option in options):
            raise ConfigurationError(
                f"Field {name!r} of {model.__name__} holds a secret that cannot be sealed.",
                hint="Secrets of a credential are fields of type SecretStr or SecretStr | None.",
            )
    return frozenset(found)


def plain_fields(secret: frozenset[str], values: Values) -> list[str]:
    """Return the names of the secret fields whose value is not sealed yet, sorted."""
    return sorted(name for name, text in _secrets(secret, values) if not is_sealed(text))


def key_ids(values: Values) -> frozenset[str]:
    """Return the ids of the keys that the sealed ones of these values are sealed with."""
    texts = (value for value in values.values() if isinstance(value, str))
    return frozenset(key_id_of(text) for text in texts if is_sealed(text))


def seal_fields(
    keyring: Keyring, secret: frozenset[str], values: Values, *, workspace_id: str, name: str
) -> dict[str, JsonValue]:
    """Return the values with every secret sealed by the newest key.

    One that already is stays as it is, one sealed by an older key is opened and sealed
    anew. Raises ConfigurationError when a sealed value does not open in this place.
    """
    sealed = dict(values)
    for field, text in _secrets(secret, values):
        place = {"workspace_id": workspace_id, "name": name, "field": field}
        plaintext = unseal(keyring, text, **place) if is_sealed(text) else text
        register_secret(plaintext)
        if not is_sealed(text) or key_id_of(text) != keyring.newest.id:
            sealed[field] = seal(keyring, plaintext, **place)
    return sealed


def open_fields(
    keyring: Keyring, secret: frozenset[str], values: Values, *, workspace_id: str, name: str
) -> dict[str, JsonValue]:
    """Return the values with every secret in the clear, and keep the secrets out of logs.

    Raises ConfigurationError when a secret does not open, or is not sealed at all.
    """
    opened = dict(values)
    for field, text in _secrets(secret, values):
        plaintext = unseal(keyring, text, workspace_id=workspace_id, name=name, field=field)
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
    """Return the types of a union without None, or the one type that it is."""
    arguments = set(get_args(annotation))
    return arguments - {type(None)} if type(None) in arguments else {annotation}


def _holds_secret(annotation: Any) -> bool:
    if isinstance(annotation, type) and issubclass(annotation, (SecretStr, SecretBytes, Secret)):
        return True
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        fields = annotation.model_fields.values()
        return any(_holds_secret(field.annotation) for field in fields)
    return any(_holds_secret(argument) for argument in get_args(annotation))
