"""The query API of Cost Management, for the scope of a subscription.

Source: https://learn.microsoft.com/en-us/rest/api/cost-management/query/usage
"""

from __future__ import annotations

import base64
import hashlib
from collections import defaultdict
from collections.abc import Sequence
from decimal import Decimal
from typing import Final
from uuid import UUID

from werkzeug.urls import iri_to_uri
from werkzeug.wrappers import Response

from skyclust_sandbox.azure.cost_management.bill import current_bill
from skyclust_sandbox.azure.cost_management.definitions import Definition, read_definition
from skyclust_sandbox.azure.cost_management.dimensions import DIMENSIONS, metric_cost, tag_value
from skyclust_sandbox.azure.query_units import throttled_response
from skyclust_sandbox.azure.request_context import RequestContext
from skyclust_sandbox.azure.responses import Document, arm_error, json_response
from skyclust_sandbox.azure.tenants import MAIN_TENANT
from skyclust_sandbox.billing.bill import Bill, Publication
from skyclust_sandbox.billing.rows import Charge

_LARGEST_PAGE: Final = 5000
_USUAL_PAGE: Final = 1000

Key = tuple[object, ...]


def usage(context: RequestContext) -> Response:
    """Query_Usage: 204 for a subscription that has never had a charge."""
    definition = read_definition(context.body())
    skip = _skipped(context)
    if skip is None:
        settings = context.state.settings
        wait = context.state.query_units.take(
            context.principal.tenant.id,
            definition.months,
            settings.query_units,
            settings.query_window_seconds,
        )
        if wait is not None:
            return throttled_response(wait)
    if context.subscription.lower() != MAIN_TENANT.subscription:
        return json_response(None, 204)
    publication = context.state.conditions.billing.publication
    rows = _rows(current_bill(context.state), publication, definition)
    first = skip or 0
    page = rows[first : first + _page_size(context)]
    last = first + len(page)
    link = _next_link(context, last) if last < len(rows) else None
    return json_response(_document(context, definition, page, link))


def _rows(bill: Bill, publication: Publication, definition: Definition) -> list[list[object]]:
    """Return the rows of the whole answer, sorted: amounts, the day or month, the groups."""
    sums: dict[Key, Decimal] = defaultdict(Decimal)
    for period in bill.periods():
        for charge in bill.charges(period, publication):
            cost = metric_cost(charge, definition.type)
            if cost is not None and definition.start <= charge.start <= definition.end:
                sums[_key(charge, definition)] += cost
    return [
        # Amounts are doubles on the wire.
        [*(float(cost) for _ in definition.amounts), *key, bill.catalog.currency]
        for key, cost in sorted(sums.items(), key=lambda item: tuple(map(str, item[0])))
    ]


def _key(charge: Charge, definition: Definition) -> Key:
    key: list[object] = []
    if definition.granularity == "Daily":
        key.append(int(f"{charge.start:%Y%m%d}"))
    elif definition.granularity == "Monthly":
        key.append(f"{charge.start:%Y-%m}-01T00:00:00")
    for kind, name in definition.groupings:
        if kind == "Dimension":
            key.append(DIMENSIONS[name](charge))
        else:
            key += [name.lower(), tag_value(charge, name)]
    return tuple(key)


def _columns(definition: Definition) -> list[Document]:
    columns: list[Document] = [{"name": name, "type": "Number"} for name in definition.amounts]
    if definition.granularity == "Daily":
        columns.append({"name": "UsageDate", "type": "Number"})
    elif definition.granularity == "Monthly":
        columns.append({"name": "BillingMonth", "type": "Datetime"})
    for kind, name in definition.groupings:
        names = [name] if kind == "Dimension" else ["TagKey", "TagValue"]
        columns += [{"name": each, "type": "String"} for each in names]
    return [*columns, {"name": "Currency", "type": "String"}]


def _document(
    context: RequestContext,
    definition: Definition,
    rows: Sequence[list[object]],
    link: str | None,
) -> Document:
    digest = hashlib.sha256(repr(definition).encode()).digest()
    name = str(UUID(bytes=digest[:16], version=4))
    scope = f"subscriptions/{context.subscription}/providers/Microsoft.CostManagement"
    return {
        "id": f"{scope}/query/{name}",
        "name": name,
        "type": "Microsoft.CostManagement/query",
        "location": None,
        "sku": None,
        "eTag": None,
        "properties": {"nextLink": link, "columns": _columns(definition), "rows": list(rows)},
    }


def _page_size(context: RequestContext) -> int:
    top = context.request.args.get("$top", type=int) or _USUAL_PAGE
    return max(1, min(top, context.state.largest_cost_page or _LARGEST_PAGE))


def _skipped(context: RequestContext) -> int | None:
    """Return the number of rows before the requested page, None for the first page."""
    token = context.request.args.get("$skiptoken")
    if token is None:
        return None
    try:
        return int(base64.b64decode(token.encode("ascii"), altchars=b"-_", validate=True))
    except ValueError as error:
        raise arm_error(400, "BadRequest", "The skip token is not valid.") from error


def _next_link(context: RequestContext, last: int) -> str:
    token = base64.urlsafe_b64encode(str(last).encode()).decode()
    kept = {name: value for name, value in context.request.args.items() if name != "$skiptoken"}
    query = "&".join(f"{name}={iri_to_uri(value)}" for name, value in kept.items())
    root = context.request.host_url.rstrip("/")
    return f"{root}{iri_to_uri(context.request.path)}?{query}&$skiptoken={token}"
