"""The parameters of a flow are the fields of its request: one source for both.

Prefect reads a flow's parameters from its signature, and makes the form in its UI and the check of
its server of them. `parameters_of` makes that signature from a request model, so that titles,
bounds and descriptions are written once, and checks a request once, by its model.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Annotated, Any, Final, TypeVar

from prefect.client.schemas.objects import State
from prefect.context import FlowRunContext
from prefect.flows import Flow
from prefect.utilities.callables import parameter_schema
from pydantic import Field, ValidationError, WithJsonSchema
from pydantic_core import PydanticUndefined

from skyclust.errors import InvalidRequest
from skyclust.field_problems import field_problems
from skyclust.model.flow_request import FlowRequest
from skyclust.orchestration.form_schema import form_fields

Request = TypeVar("Request", bound=FlowRequest)

_OF_THE_FIELD: Final = ("title", "description")
"""Keywords that Prefect sets itself, the title to the parameter's name, unless they are given as
an extra of the field."""


def parameters_of(
    model: type[Request],
) -> Callable[[Callable[[Request], State[Any]]], Callable[..., State[Any]]]:
    """Return a decorator that gives a flow's function the fields of a model as its parameters.

    The function itself gets the request. Raises InvalidRequest in the run for parameters that do
    not fit the model; what was given is not repeated, for it may be a secret in the wrong field.
    """

    def decorate(function: Callable[[Request], State[Any]]) -> Callable[..., State[Any]]:
        def flat(**parameters: Any) -> State[Any]:
            return function(request_of(model, parameters))

        # Not functools.wraps: Prefect would follow `__wrapped__` to the other signature.
        for name in ("__module__", "__name__", "__qualname__", "__doc__"):
            setattr(flat, name, getattr(function, name))
        flat.__signature__ = _signature(model)  # type: ignore[attr-defined]  # PEP 362
        return flat

    return decorate


def request_of(model: type[Request], parameters: Mapping[str, Any]) -> Request:
    """Return the request that a run's parameters make; raises InvalidRequest if they make none.

    A parameter of None is one that was not given: so forms send a field that was cleared.
    """
    given = {
        name: value
        for name, value in parameters.items()
        if value is not None and value is not PydanticUndefined
    }
    try:
        return model.model_validate(given)
    except ValidationError as error:
        problems = "; ".join(field_problems(error))
        raise InvalidRequest(f"The parameters are not valid: {problems}.") from None


def run_name_of(model: type[FlowRequest]) -> Callable[[], str]:
    """Return what names a run of a flow: the summary of its request.

    A run whose parameters are not valid keeps the name that Prefect gave it.
    """

    def name() -> str:
        context = FlowRunContext.get()
        if context is None or context.flow_run is None:
            raise RuntimeError("A run is named within its context.")
        try:
            return request_of(model, context.parameters or {}).summary
        except InvalidRequest:
            return context.flow_run.name

    return name


def form_of(flow: Flow[..., Any]) -> dict[str, Any]:
    """Return the schema to publish with a deployment of a flow.

    The server refuses what it does not name. (Prefect itself takes unknown parameters, and the run
    fails for them.)
    """
    schema = parameter_schema(flow).model_dump(exclude_unset=True)
    for field in schema["properties"].values():
        if field.get("default", ...) is None:
            del field["default"]  # the server takes None for a field that may be missing
    return {**schema, "additionalProperties": False}


def _signature(model: type[FlowRequest]) -> inspect.Signature:
    return inspect.Signature(
        [_parameter(name, field, model) for name, field in form_fields(model).items()]
    )


def _parameter(name: str, field: Mapping[str, Any], model: type[FlowRequest]) -> inspect.Parameter:
    """Return a parameter that is any value for Python, and has the field's schema for Prefect."""
    info = model.model_fields[name]
    default = PydanticUndefined if info.is_required() else field.get("default")
    schema = {key: value for key, value in field.items() if key not in _OF_THE_FIELD}
    extra = {key: field[key] for key in _OF_THE_FIELD if key in field}
    return inspect.Parameter(
        name,
        inspect.Parameter.KEYWORD_ONLY,
        default=Field(default, json_schema_extra=extra),
        annotation=Annotated[Any, WithJsonSchema(schema)],
    )
