"""Pages of a list: `value` and, if more items follow, `nextLink` with an opaque `$skiptoken`."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterable, Mapping

from werkzeug.urls import iri_to_uri
from werkzeug.wrappers import Request, Response

from skyclust_sandbox.azure.request_context import RequestContext
from skyclust_sandbox.azure.responses import Document, arm_error, json_response
from skyclust_sandbox.azure.state import Resource


def page(
    context: RequestContext,
    resources: Iterable[Resource],
    to_document: Callable[[Resource], Document] | None = None,
) -> Response:
    """Return a page of resources, sorted by id; `to_document` converts each, else its body."""
    by_key = {resource.id.lower(): resource for resource in resources}
    keys, link = _page_keys(context, sorted(by_key))
    items = [by_key[key].body if to_document is None else to_document(by_key[key]) for key in keys]
    return json_response({"value": items, **link})


def document_page(context: RequestContext, documents: Mapping[str, Document]) -> Response:
    """Return a page of documents that are not resources, sorted by their keys."""
    keys, link = _page_keys(context, sorted(documents))
    return json_response({"value": [documents[key] for key in keys], **link})


def _page_keys(context: RequestContext, keys: list[str]) -> tuple[list[str], Document]:
    """Return the keys of the requested page, and its `nextLink` if more keys follow."""
    size = context.state.settings.page_size
    largest = context.state.conditions.largest_page
    size = size if largest is None else min(size, largest)
    token = context.request.args.get("$skiptoken")
    if token is not None:
        last = _decode_skip_token(token)
        keys = [key for key in keys if key > last]
    page_keys = keys[:size]
    if len(keys) == len(page_keys):
        return page_keys, {}
    return page_keys, {"nextLink": _next_link(context.request, page_keys[-1])}


def _next_link(request: Request, last: str) -> str:
    token = base64.urlsafe_b64encode(last.encode()).decode()
    kept = {name: value for name, value in request.args.items() if name != "$skiptoken"}
    query = "&".join(f"{name}={iri_to_uri(value)}" for name, value in kept.items())
    return f"{request.host_url.rstrip('/')}{iri_to_uri(request.path)}?{query}&$skiptoken={token}"


def _decode_skip_token(token: str) -> str:
    try:
        return base64.b64decode(token.encode("ascii"), altchars=b"-_", validate=True).decode()
    except ValueError as error:
        raise arm_error(400, "InvalidSkipToken", "The skip token is not valid.") from error
