"""What all requests of flows have in common, and which keys none of them may carry.

Prefect looks for some keys anywhere in the parameters of a run, and puts something else in the
place of the object that has one: under `$ref` the block with that id, secrets and all; under
`__prefect_kind` another JSON text, a variable or a rendered template.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Self

from pydantic import BaseModel, ConfigDict, model_validator

_REFERENCE: Final = "$ref"
_PREFIX: Final = "__prefect"
"""Prefect keeps names that begin so for itself; of keys it reads `__prefect_kind` today."""


class FlowRequest(BaseModel):
    """The parameters of a flow: frozen, of known fields, and with no key that is reserved.

    What was given is not repeated in validation errors, for it may be a secret in a wrong place.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    @model_validator(mode="after")
    def _no_key_is_reserved(self) -> Self:
        place = reserved_key(self.model_dump())
        if place is not None:
            raise ValueError(f"{place}: {RESERVED}")
        return self


RESERVED: Final = (
    "Prefect would put something else in the place of an object with a key of this name;"
    " choose another name"
)


def reserved_key(value: object) -> str | None:
    """Return where a value has a reserved key, as `spec.tags.$ref`; None when it has none."""
    if isinstance(value, Mapping):
        for key, item in value.items():
            if isinstance(key, str) and (key == _REFERENCE or key.startswith(_PREFIX)):
                return key
            below = reserved_key(item)
            if below is not None:
                return f"{key}.{below}"
    elif isinstance(value, (list, tuple, set, frozenset)):
        for number, item in enumerate(value):
            below = reserved_key(item)
            if below is not None:
                return f"{number}.{below}"
    return None
