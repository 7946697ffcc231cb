"""Pages of a list: `value` and, when there is more, `nextLink` with an opaque `$skiptoken`."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterable, Mapping

from werkzeug.urls import iri_to_uri
from werkzeug.wrappers import Request, Response

from skyclust_sandbox.azure.request_context import Ask
from skyclust_sandbox.azure.responses import Document, refusal, reply
from skyclust_sandbox.azure.state import Resource


def page(
    ask: Ask, resources: Iterable[Resource], show: Callable[[Resource], Document] | None = None
) -> Response:
    """Return a page of resources in the order of their ids; `show` is how each is told."""
    items = {one.id.lower(): one for one in resources}
    keys, link = _cut(ask, sorted(items))
    shown = [items[key].body if show is None else show(items[key]) for key in keys]
    return reply({"value": shown, **link})


def page_of_documents(ask: Ask, documents: Mapping[str, Document]) -> Response:
    """Return a page of what is no resource, in the order of the keys."""
    keys, link = _cut(ask, sorted(documents))
    return reply({"value": [documents[key] for key in keys], **link})


def _cut(ask: Ask, keys: list[str]) -> tuple[list[str], Document]:
    size = ask.state.settings.page_size
    largest = ask.state.conditions.largest_page
    size = size if largest is None else min(size, largest)
    token = ask.request.args.get("$skiptoken")
    if token is not None:
        after = _read(token)
        keys = [key for key in keys if key > after]
    shown = keys[:size]
    if len(keys) == len(shown):
        return shown, {}
    return shown, {"nextLink": _next_link(ask.request, shown[-1])}


def _next_link(request: Request, last: str) -> str:
    token = base64.urlsafe_b64encode(last.encode()).decode()
    kept = {name: value for name, value in request.args.items() if name != "$skiptoken"}
    query = "&".join(f"{name}={iri_to_uri(value)}" for name, value in kept.items())
    return f"{request.host_url.rstrip('/')}{iri_to_uri(request.path)}?{query}&$skiptoken={token}"


def _read(token: str) -> str:
    try:
        return base64.b64decode(token.encode("ascii"), altchars=b"-_", validate=True).decode()
    except ValueError as error:
        raise refusal(400, "InvalidSkipToken", "The skip token is not valid.") from error
