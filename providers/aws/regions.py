"""Regions: which ones an account may use, and what a refusal in one of them means."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from providers.aws.errors import aws_errors
from skyclust.errors import AuthenticationFailed, PermissionDenied, SkyClustError

if TYPE_CHECKING:
    from providers.aws.client import AwsClients

# A region that the account has not enabled does not know its keys, and answers as it would to
# wrong ones: https://docs.aws.amazon.com/accounts/latest/reference/manage-acct-regions.html
_UNKNOWN_KEY_CODES: Final = frozenset(
    {"AuthFailure", "InvalidClientTokenId", "UnrecognizedClientException"}
)


def get_regions(clients: AwsClients) -> list[str]:
    """Return the regions enabled for the account, sorted.

    Source: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeRegions.html
    """
    with aws_errors("list the regions of the account"):
        answer = clients.ec2(clients.home_region).describe_regions(AllRegions=False)
        return sorted(region["RegionName"] for region in answer["Regions"])


@contextmanager
def calling(clients: AwsClients, region: str, doing: str) -> Iterator[None]:
    """Raise what a call in a region raises as an error of our tree.

    A credential that only this region does not know is in order: the region is not enabled,
    and that is PermissionDenied instead of AuthenticationFailed.
    """
    try:
        with aws_errors(doing):
            yield
    except AuthenticationFailed as error:
        elsewhere = region != clients.home_region
        if elsewhere and error.code in _UNKNOWN_KEY_CODES and _is_known_at_home(clients):
            raise PermissionDenied(
                f"Could not {doing}: region {region} is not enabled for the account.",
                hint="Enable the region in the account's settings, or leave it out.",
                provider="aws",
                code=error.code,
            ) from error
        raise


def _is_known_at_home(clients: AwsClients) -> bool:
    try:
        with aws_errors("ask who the credential is"):
            clients.sts().get_caller_identity()
    except SkyClustError:
        return False
    return True
