"""Elastic Load Balancing, v2 and Classic: moto with the paging of ELB added."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from moto.core.responses import ActionResult, BaseResponse
from moto.elb.responses import ELBResponse
from moto.elbv2.responses import ELBV2Response

from skyclust_sandbox.aws.cloud import AwsCloud, cloud_of
from skyclust_sandbox.aws.paging import InvalidCursor, Page, listing_of, page_of
from skyclust_sandbox.aws.wire import Refusal, Refused

_LARGEST_PAGE: Final = 400
"""PageSize may be 1 to 400, in both versions (API reference, DescribeLoadBalancers)."""


class SandboxElbV2(ELBV2Response):
    """The Elastic Load Balancing API of version 2015-12-01: application and network."""

    def describe_load_balancers(self) -> ActionResult:
        """List load balancers, a page at a time."""
        balancers = self.elbv2_backend.describe_load_balancers(
            self._get_param("LoadBalancerArns", []), self._get_param("Names", [])
        )
        return _page(self, "LoadBalancers", balancers, lambda balancer: str(balancer.arn))


class SandboxElb(ELBResponse):
    """The Elastic Load Balancing API of version 2012-06-01: classic."""

    def describe_load_balancers(self) -> ActionResult:
        """List load balancers, a page at a time."""
        names = self._get_param("LoadBalancerNames", [])
        balancers = self.elb_backend.describe_load_balancers(names)
        return _page(self, "LoadBalancerDescriptions", balancers, lambda b: str(b.name))


def _page(
    response: BaseResponse, name: str, items: Iterable[Any], identify: Callable[[Any], str]
) -> ActionResult:
    """Return the page for the request's `PageSize` and `Marker`."""
    cloud = cloud_of(response.normalized_request.environ)
    parameters: Mapping[str, Any] = response.params
    listing = listing_of(response.current_account, response.region, {"List": name, **parameters})
    page = _requested_page(cloud, listing, parameters, items, identify)
    result: dict[str, object] = {name: page.items}
    if page.last_id is not None:
        result["NextMarker"] = cloud.cursors.create(listing, page.last_id)
    return ActionResult(result)


def _requested_page(
    cloud: AwsCloud,
    listing: str,
    parameters: Mapping[str, Any],
    items: Iterable[Any],
    identify: Callable[[Any], str],
) -> Page[Any]:
    size = parameters.get("PageSize", _LARGEST_PAGE)
    if not 1 <= size <= _LARGEST_PAGE:
        message = f"PageSize must be between 1 and {_LARGEST_PAGE}, not {size}."
        raise Refused(Refusal("ValidationError", message, 400))
    marker = parameters.get("Marker")
    try:
        after = cloud.cursors.read(listing, marker) if marker else None
    except InvalidCursor as error:
        message = "The specified marker is not valid."
        raise Refused(Refusal("ValidationError", message, 400)) from error
    largest = cloud.conditions.largest_page
    return page_of(items, identify, size=size, after=after, largest=largest)
