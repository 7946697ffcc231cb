"""The JSON schema of a flow's parameters, as the form in the Prefect UI and the server need it.

Pydantic's own schema of a model names Python classes, and writes an optional field as a choice
between a type and null; Prefect's form shows both. The schema made here has neither: every
definition is written where it is used, and an optional field is one that may be missing.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from pydantic import BaseModel

_REFERENCE: Final = "#/$defs/"


def form_fields(model: type[BaseModel]) -> dict[str, dict[str, Any]]:
    """Return the schema of each field of a model by its name, the required fields first.

    Within these two groups the fields keep the order of the model.
    """
    schema = model.model_json_schema()
    definitions = schema.get("$defs", {})
    required = schema.get("required", [])
    fields = {
        name: without_null(field, definitions) for name, field in schema["properties"].items()
    }
    return {name: fields[name] for name in sorted(fields, key=lambda name: name not in required)}


def without_null(schema: Mapping[str, Any], definitions: Mapping[str, Any]) -> dict[str, Any]:
    """Return a schema without references and without null.

    What the place of a reference says of it, such as a title, replaces what the definition says.
    """
    own = dict(schema)
    reference = own.pop("$ref", None)
    if reference is not None:
        definition = dict(definitions[reference.removeprefix(_REFERENCE)])
        if "properties" not in definition:
            definition.pop("title", None)  # the name of a class
        return without_null(definition | own, definitions)
    others = [one for one in own.get("anyOf", ()) if one.get("type") != "null"]
    if len(others) == 1:
        del own["anyOf"]
        return without_null({**others[0], **own}, definitions)
    if own.get("default", ...) is None:
        del own["default"]
    return {key: _inner(key, value, definitions) for key, value in own.items() if key != "$defs"}


def _inner(key: str, value: Any, definitions: Mapping[str, Any]) -> Any:
    """Return the value of one keyword, with the schemas in it treated alike."""
    if key == "properties":
        return {name: without_null(field, definitions) for name, field in value.items()}
    if key in {"items", "additionalProperties"} and isinstance(value, Mapping):
        return without_null(value, definitions)
    if key == "anyOf":
        return [without_null(one, definitions) for one in value]
    return value
