"""Validation of the values of a credential; no error repeats a value."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import JsonValue, SecretStr, ValidationError

from skyclust.contract import CredentialModel
from skyclust.errors import InvalidRequest
from skyclust.field_problems import dotted, field_problems
from skyclust.providerkit.destinations import check_addresses
from skyclust.providerkit.permissions import load_permissions
from skyclust.redaction import redact, register_secret
from skyclust.security.fields import secret_fields
from skyclust.security.sealing import is_sealed


def checked_values(
    model: type[CredentialModel], values: Mapping[str, object], name: str
) -> dict[str, JsonValue]:
    """Return the given values as JSON, secrets in plain text, once the model accepts them.

    Raises InvalidRequest, which names the fields and their problems and never a value, and
    ConfigurationError for what the operator of this process does not allow.
    """
    secret = secret_fields(model)
    try:
        values = model.by_field_names(values)
    except ValueError as error:
        raise InvalidRequest(f"Credential {name!r} is not valid: {error}.") from None
    for field in sorted(secret & values.keys()):
        text = values[field]
        if isinstance(text, str):
            register_secret(text)
            if is_sealed(text):
                raise InvalidRequest(
                    f"Field {field!r} of credential {name!r} is a sealed value, not a secret.",
                    hint="Give the secret itself: a sealed value cannot be copied.",
                )
    unknown = sorted(values.keys() - model.model_fields.keys())
    if unknown:
        raise InvalidRequest(
            f"Credential {name!r} has unknown fields: {', '.join(unknown)}.",
            hint=f"Known fields: {', '.join([*model.model_fields, *model.aliases])}.",
        )
    try:
        accepted = model.model_validate(dict(values))
    except ValidationError as error:
        # Without its cause, which may repeat the values.
        raise InvalidRequest(f"Credential {name!r} is not valid: {complaints(error)}.") from None
    permissions = load_permissions()
    accepted.check_permitted(permissions)
    check_addresses(accepted.service_addresses(), permissions)
    plain = accepted.model_dump(mode="json", exclude_unset=True, exclude_none=True)
    for field in secret & plain.keys():
        value = getattr(accepted, field)
        plain[field] = value.get_secret_value() if isinstance(value, SecretStr) else value
    return {field: value for field, value in plain.items() if value != ""}


def complaints(error: ValidationError) -> str:
    """Return the problem of each field, without the values."""
    return redact("; ".join(field_problems(error, lambda path: dotted(path) or "its fields")))
