"""The Price List Query API: GetProducts on the prices of the sandbox's bill.

Beside the product that a query is for there are those that it must leave out: Windows, dedicated
tenancy, other software, unused reservations, archived snapshots, addresses in use. One type has
two SKUs, as happens while AWS replaces one.

Source: https://docs.aws.amazon.com/aws-cost-management/latest/APIReference/API_pricing_GetProducts.html
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any, Final, Literal

from moto.ec2.models.instance_types import INSTANCE_TYPES
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from werkzeug.wrappers import Response

from skyclust_sandbox.aws.bill import CATALOG
from skyclust_sandbox.aws.cloud import AwsCloud
from skyclust_sandbox.aws.paging import InvalidCursor, listing_of
from skyclust_sandbox.aws.regions import ENABLED_REGIONS
from skyclust_sandbox.aws.wire import Refusal, Refused, json_reply
from skyclust_sandbox.billing.catalog import Meter

AMBIGUOUS_TYPE: Final = "m1.small"
"""The type with two SKUs."""

ENDPOINTS: Final = ("us-east-1", "eu-central-1", "ap-south-1")
EFFECTIVE: Final = "2026-01-01T00:00:00Z"
_LARGEST_PAGE: Final = 100
_OFFER_TERM: Final = "JRTCKXETXF"
_RATE: Final = "6YS6EN2CT7"
_DISK_TYPES: Final = ("gp2", "gp3", "st1", "sc1", "standard", "io1", "io2")
_PREFIXES: Final = {"us-east-1": "", "eu-central-1": "EUC1-"}

_Product = dict[str, Any]


class _Filter(BaseModel):
    model_config = ConfigDict(extra="forbid")

    type: Literal["TERM_MATCH", "ANY_OF"] = Field(alias="Type")
    field: str = Field(alias="Field")
    value: str = Field(alias="Value", min_length=1, max_length=1024)

    def selects(self, attributes: Mapping[str, str]) -> bool:
        values = self.value.split(",") if self.type == "ANY_OF" else [self.value]
        return attributes.get(self.field) in values


class _Request(BaseModel):
    model_config = ConfigDict(extra="forbid")

    service: str = Field(alias="ServiceCode")
    filters: list[_Filter] = Field(default=[], alias="Filters", max_length=50)
    format: Literal["aws_v1"] = Field(default="aws_v1", alias="FormatVersion")
    size: int = Field(default=_LARGEST_PAGE, alias="MaxResults", ge=1, le=_LARGEST_PAGE)
    token: str | None = Field(default=None, alias="NextToken")


def answer(cloud: AwsCloud, account: str, region: str, action: str, body: bytes) -> Response:
    """Return the reply to a call; raises Refused for one that AWS refuses."""
    if action != "GetProducts" or region not in ENDPOINTS:
        message = f"The sandbox has no operation {action} of the Price List in {region}."
        raise Refused(Refusal("UnknownOperationException", message, 400))
    try:
        request = _Request.model_validate_json(body)
    except ValidationError as error:
        message = str(error.errors()[0]["msg"])
        raise Refused(Refusal("InvalidParameterException", message, 400)) from error
    products = [
        product
        for product in _products(request)
        if all(one.selects(product["product"]["attributes"]) for one in request.filters)
    ]
    return json_reply(_page(cloud, account, request, products, json.loads(body)))


def _page(
    cloud: AwsCloud,
    account: str,
    request: _Request,
    products: list[_Product],
    body: dict[str, Any],
) -> dict[str, Any]:
    kept = {name: value for name, value in body.items() if name != "NextToken"}
    listing = listing_of(account, "", kept)
    try:
        first = int(cloud.cursors.read(listing, request.token)) if request.token else 0
    except InvalidCursor as error:
        refusal = Refusal("InvalidNextTokenException", "The pagination token is invalid.", 400)
        raise Refused(refusal) from error
    size = min(request.size, cloud.conditions.largest_page or request.size)
    shown = [json.dumps(product) for product in products[first : first + size]]
    page: dict[str, Any] = {"FormatVersion": "aws_v1", "PriceList": shown}
    if first + size < len(products):
        page["NextToken"] = cloud.cursors.create(listing, str(first + size))
    return page


def _products(request: _Request) -> Iterator[_Product]:
    """Yield the products of a service in the regions, and of the types, that the filters allow."""

    def allowed(field: str, values: list[str]) -> list[str]:
        of_field = [one for one in request.filters if one.field == field]
        return [value for value in values if all(one.selects({field: value}) for one in of_field)]

    for region in allowed("regionCode", sorted(ENABLED_REGIONS)):
        if request.service == "AmazonVPC":
            yield from _addresses(region)
        if request.service == "AmazonEC2":
            for instance_type in allowed("instanceType", sorted(INSTANCE_TYPES)):
                yield from _instances(region, instance_type)
            yield from _storage(region)


def _instances(region: str, instance_type: str) -> Iterator[_Product]:
    linux = {
        "instanceType": instance_type,
        "operatingSystem": "Linux",
        "preInstalledSw": "NA",
        "tenancy": "Shared",
        "capacitystatus": "Used",
        "marketoption": "OnDemand",
        "usagetype": f"{_prefix(region)}BoxUsage:{instance_type}",
    }
    price = CATALOG.hour_price(instance_type)
    variants: list[tuple[dict[str, str], Decimal]] = [
        ({}, price),
        ({"operatingSystem": "Windows"}, price * 2),
        ({"preInstalledSw": "SQL Web"}, price * 2),
        ({"tenancy": "Dedicated"}, price * Decimal("1.1")),
        ({"capacitystatus": "UnusedCapacityReservation"}, price),
        ({"capacitystatus": "AllocatedCapacityReservation"}, Decimal(0)),
    ]
    if instance_type == AMBIGUOUS_TYPE:
        variants.append(({"operation": "RunInstances:replaced"}, price))
    for changed, amount in variants:
        attributes = linux | {"operation": "RunInstances"} | changed
        yield _product("AmazonEC2", "Compute Instance", region, attributes, amount, unit="Hrs")


def _storage(region: str) -> Iterator[_Product]:
    for disk_type in _DISK_TYPES:
        usage = f"{_prefix(region)}EBS:VolumeUsage.{disk_type}"
        attributes = {"volumeApiName": disk_type, "usagetype": usage}
        price = CATALOG.services[Meter.DISK].price
        yield _product("AmazonEC2", "Storage", region, attributes, price, unit="GB-Mo")
    price = CATALOG.services[Meter.SNAPSHOT].price
    for name, amount in (("SnapshotUsage", price), ("SnapshotArchiveStorage", price / 4)):
        attributes = {"usagetype": f"{_prefix(region)}EBS:{name}"}
        yield _product("AmazonEC2", "Storage Snapshot", region, attributes, amount, unit="GB-Mo")


def _addresses(region: str) -> Iterator[_Product]:
    for name in ("IdleAddress", "InUseAddress"):
        attributes = {
            "group": "VPCPublicIPv4Address",
            "usagetype": f"{_prefix(region)}PublicIPv4:{name}",
        }
        price = CATALOG.services[Meter.ADDRESS].price
        yield _product("AmazonVPC", "", region, attributes, price, unit="Hrs")


def _product(
    service: str,
    family: str,
    region: str,
    attributes: Mapping[str, str],
    price: Decimal,
    *,
    unit: str,
) -> _Product:
    content = {"servicecode": service, "regionCode": region, **attributes}
    sku = hashlib.sha256(json.dumps(content).encode()).hexdigest()[:16].upper()
    if family:
        content["productFamily"] = family
    term = f"{sku}.{_OFFER_TERM}"
    dimension = {
        "unit": unit,
        "beginRange": "0",
        "endRange": "Inf",
        "description": f"${price} per {unit}",
        "appliesTo": [],
        "rateCode": f"{term}.{_RATE}",
        "pricePerUnit": {CATALOG.currency: f"{price:.10f}"},
    }
    return {
        "product": {"productFamily": family, "attributes": content, "sku": sku},
        "serviceCode": service,
        "terms": {
            "OnDemand": {
                term: {
                    "priceDimensions": {f"{term}.{_RATE}": dimension},
                    "sku": sku,
                    "effectiveDate": EFFECTIVE,
                    "offerTermCode": _OFFER_TERM,
                    "termAttributes": {},
                }
            }
        },
        "version": "20260101000000",
        "publicationDate": EFFECTIVE,
    }


def _prefix(region: str) -> str:
    return _PREFIXES.get(region, f"{region.upper().replace('-', '')}-")
