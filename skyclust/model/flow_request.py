"""The base of the parameters of every flow, and the keys that no parameter may contain.

Prefect searches the parameters of a run for some keys at any depth, and replaces the object that
has such a key: `$ref` by the block with that id, including its secrets; `__prefect_kind` by parsed
JSON, a variable or a rendered template.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, Final, Self

from pydantic import BaseModel, ConfigDict, model_validator

_REFERENCE: Final = "$ref"
_PREFIX: Final = "__prefect"
"""The prefix of Prefect's reserved names; of such keys it reads `__prefect_kind` today."""


class FlowRequest(BaseModel, ABC):
    """The parameters of a flow: frozen, without unknown fields and without reserved keys.

    Validation errors do not repeat the input, which may be a secret in the wrong field.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    @model_validator(mode="after")
    def _no_key_is_reserved(self) -> Self:
        path = reserved_key(self.model_dump())
        if path is not None:
            raise ValueError(f"{path}: {RESERVED}")
        return self

    @property
    @abstractmethod
    def summary(self) -> str:
        """Return what is requested, for the run's name."""

    def parameters(self) -> dict[str, Any]:
        """Return the fields as JSON values, without those that are empty."""
        return self.model_dump(mode="json", exclude_none=True)


RESERVED: Final = "Prefect would replace an object that has a key of this name; choose another name"


def reserved_key(value: object) -> str | None:
    """Return the path of a reserved key in a value, as `spec.tags.$ref`; None without one."""
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
