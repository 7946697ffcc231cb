"""The S3 API: moto, with the exports of the bill, and with pages of a limited size."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from moto.s3.models import s3_backends
from moto.s3.responses import S3Response

from skyclust_sandbox.aws.accounts import PARTITION
from skyclust_sandbox.aws.cloud import AwsCloud
from skyclust_sandbox.aws.wire import Refusal, Refused, action_of


def dispatch(cloud: AwsCloud, request: Any, account: str) -> tuple[int, dict[str, Any], Any]:
    """Carry out a request on a bucket of the account; raises Refused for that of another one."""
    cloud.exports.refresh(cloud.published_bill(), cloud.publication)
    bucket, _, key = request.path.lstrip("/").partition("/")
    owner = next(
        (owner for owner, backends in s3_backends.items() if bucket in backends[PARTITION].buckets),
        None,
    )
    if owner not in {account, None}:
        raise Refused(Refusal("AccessDenied", "Access Denied", 403))
    limit = cloud.conditions.largest_page
    if limit is not None and action_of(request) == "ListObjectsV2":
        request.environ["QUERY_STRING"] = urlencode(
            {**request.args.to_dict(), "max-keys": str(limit)}
        )
        request = type(request)(request.environ)
    response = S3Response()
    url = request.raw_url
    if key:
        return response.key_response(request, url, request.headers)
    return response.bucket_response(request, url, request.headers)
