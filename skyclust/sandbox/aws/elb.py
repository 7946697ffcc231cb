"""Elastic Load Balancing of 2012, the Classic Load Balancers, with pages as ELB has them."""

from __future__ import annotations

from typing import Any, Final

from moto.core.responses import ActionResult
from moto.elb.exceptions import ELBClientError
from moto.elb.responses import ELBResponse

from skyclust.sandbox.aws.cloud import AwsCloud, cloud_of
from skyclust.sandbox.aws.paging import InvalidCursor, listing_of, page_of

VERSION: Final = "2012-06-01"
"""The API version by which a call to the service of 2012 differs from one to v2."""

_LARGEST_PAGE: Final = 400
"""PageSize may be 1 to 400 (API reference, DescribeLoadBalancers)."""


class SandboxElb(ELBResponse):
    """The Elastic Load Balancing API of 2012."""

    cloud: AwsCloud

    def setup_class(self, request: Any, *arguments: Any, **named: Any) -> None:
        """Read the request."""
        super().setup_class(request, *arguments, **named)
        self.cloud = cloud_of(request.environ)

    def describe_load_balancers(self) -> ActionResult:
        """List load balancers, a page at a time."""
        size = self._get_int_param("PageSize", _LARGEST_PAGE)
        if not 1 <= size <= _LARGEST_PAGE:
            raise ELBClientError(
                "ValidationError", f"PageSize must be between 1 and {_LARGEST_PAGE}, not {size}."
            )
        asked = {"Action": "DescribeLoadBalancers", "Version": VERSION, **self.params}
        listing = listing_of(self.current_account, self.region, asked)
        marker = self._get_param("Marker")
        try:
            after = self.cloud.cursors.read(listing, marker) if marker else None
        except InvalidCursor as error:
            raise ELBClientError("ValidationError", "The marker is not valid.") from error
        found = self.elb_backend.describe_load_balancers(self._get_param("LoadBalancerNames", []))
        limit = self.cloud.conditions.largest_page
        page = page_of(found, lambda one: str(one.name), size=size, after=after, largest=limit)
        result: dict[str, object] = {"LoadBalancerDescriptions": page.items}
        if page.last_id is not None:
            result["NextMarker"] = self.cloud.cursors.make(listing, page.last_id)
        return ActionResult(result)
