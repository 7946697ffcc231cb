"""The URLs at which clients poll the status and the result of an asynchronous operation.

Source: https://learn.microsoft.com/en-us/azure/azure-resource-manager/management/async-operations
"""

from __future__ import annotations

from werkzeug.wrappers import Response

from skyclust_sandbox.azure.operations import Operation
from skyclust_sandbox.azure.request_context import RequestContext, retry_after
from skyclust_sandbox.azure.responses import arm_error, json_response


def get_status(context: RequestContext) -> Response:
    """Return the response of an `Azure-AsyncOperation` URL: always 200, the status in the body."""
    operation = _require_operation(context)
    headers = {"Retry-After": retry_after(context.state)} if operation.is_in_progress else None
    return json_response(operation.status_document(), headers=headers)


def get_result(context: RequestContext) -> Response:
    """Return the response of a `Location` URL: 202 in progress, then the result or the error."""
    operation = _require_operation(context)
    if operation.is_in_progress:
        location = operation.result_url(context.request.host_url, context.api_version)
        headers = {"Location": location, "Retry-After": retry_after(context.state)}
        return json_response(None, 202, headers)
    if operation.error is not None:
        return json_response({"error": operation.error}, 409)
    return json_response(operation.output, 204 if operation.output is None else 200)


def _require_operation(context: RequestContext) -> Operation:
    operation_id = context.path_parameters["operation"]
    operation = context.state.operations.get(operation_id)
    if operation is None or operation.subscription.lower() != context.subscription.lower():
        message = f"The operation '{operation_id}' could not be found."
        raise arm_error(404, "OperationNotFound", message)
    return operation
