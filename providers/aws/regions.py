"""The regions that an account may use, and the errors of calls in one region."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from providers.aws.errors import aws_errors
from skyclust.errors import AuthenticationFailed, PermissionDenied, SkyClustError

if TYPE_CHECKING:
    from providers.aws.client import AwsClients

# A region that the account has not enabled does not know its keys, and replies as if they were
# wrong: https://docs.aws.amazon.com/accounts/latest/reference/manage-acct-regions.html
_UNKNOWN_KEY_CODES: Final = frozenset(
    {"AuthFailure", "InvalidClientTokenId", "UnrecognizedClientException"}
)


def get_regions(clients: AwsClients) -> list[str]:
    """Return the regions enabled for the account, sorted.

    Source: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeRegions.html
    """
    with aws_errors("list the regions of the account"):
        reply = clients.ec2(clients.home_region).describe_regions(AllRegions=False)
        return sorted(region["RegionName"] for region in reply["Regions"])


@contextmanager
def regional_errors(clients: AwsClients, region: str, doing: str) -> Iterator[None]:
    """Raise errors of calls in a region as errors of our tree; `doing` completes "Could not ...".

    When the home region accepts the credential and this region does not, the region is not
    enabled for the account: that is PermissionDenied, not AuthenticationFailed.
    """
    try:
        with aws_errors(doing):
            yield
    except AuthenticationFailed as error:
        is_home = region == clients.home_region
        unknown_key = error.code in _UNKNOWN_KEY_CODES
        if not is_home and unknown_key and _is_accepted_at_home(clients):
            raise PermissionDenied(
                f"Could not {doing}: region {region} is not enabled for the account.",
                hint="Enable the region in the account's settings, or leave it out.",
                provider="aws",
                code=error.code,
            ) from error
        raise


def _is_accepted_at_home(clients: AwsClients) -> bool:
    try:
        with aws_errors("identify the credential"):
            clients.sts().get_caller_identity()
    except SkyClustError:
        return False
    return True
