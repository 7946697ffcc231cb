"""The boto3 clients of a credential; no other module makes one, except for assuming a role.

This module imports boto3; the others name its types only, and are imported with it.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final, cast

import boto3.session
import botocore.session
from botocore.config import Config

import skyclust
from providers.aws.authentication import home_region, open_session
from providers.aws.cost_calls import PricedCalls
from providers.aws.credential import AwsCredential
from providers.aws.errors import aws_errors
from providers.aws.export_address import ExportAddress
from providers.aws.guarded_connections import guard_client
from providers.aws.metric_calls import PricedMetrics
from skyclust.errors import UnexpectedAnswer
from skyclust.providerkit.timeouts import CONNECT_SECONDS, READ_SECONDS

if TYPE_CHECKING:
    from mypy_boto3_ce import CostExplorerClient
    from mypy_boto3_cloudwatch import CloudWatchClient
    from mypy_boto3_ec2 import EC2Client
    from mypy_boto3_elb import ElasticLoadBalancingClient
    from mypy_boto3_elbv2 import ElasticLoadBalancingv2Client
    from mypy_boto3_iam import IAMClient
    from mypy_boto3_pricing import PricingClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sts import STSClient

ATTEMPTS: Final = 10
"""With the adaptive retry mode ten attempts outlast the throttling of an account."""

INTERACTIVE_ATTEMPTS: Final = 3
"""For sts and iam, because a person waits while a credential is verified."""

ONE_ATTEMPT: Final = 1
"""For requests that must not be repeated: botocore repeats a request whose reply was lost."""

POOL_CONNECTIONS: Final = 32
"""How many threads may read one region at the same time."""


class AwsClients:
    """The clients of one credential, one for each service and region, created when first used.

    Clients are thread-safe, their session is not, so a lock guards the creation of a client.
    """

    def __init__(self, credential: AwsCredential) -> None:
        self._credential = credential
        self.cost_calls = PricedCalls(credential.cost_calls_limit)
        self.priced_metrics = PricedMetrics(credential.metrics_limit)
        self._lock = threading.Lock()
        self._clients: dict[tuple[str, str, int], Any] = {}
        self._session: botocore.session.Session | None = None
        self._boto3_session: boto3.session.Session | None = None

    @property
    def home_region(self) -> str:
        """The region for account-wide requests."""
        with self._lock:
            return home_region(self._credential, self._open())

    def ec2(self, region: str) -> EC2Client:
        """Return the client of EC2 in a region."""
        return cast("EC2Client", self._client("ec2", region, ATTEMPTS))

    def ec2_once(self, region: str) -> EC2Client:
        """Return the client of EC2 in a region that sends each request once."""
        return cast("EC2Client", self._client("ec2", region, ONE_ATTEMPT))

    def elb(self, region: str) -> ElasticLoadBalancingClient:
        """Return the client of Classic Load Balancers in a region."""
        return cast("ElasticLoadBalancingClient", self._client("elb", region, ATTEMPTS))

    def elbv2(self, region: str) -> ElasticLoadBalancingv2Client:
        """Return the client of Application, Network and Gateway Load Balancers in a region."""
        return cast("ElasticLoadBalancingv2Client", self._client("elbv2", region, ATTEMPTS))

    @property
    def cost_export(self) -> ExportAddress | None:
        """The export of costs that the credential names; its region defaults to the home region."""
        address = self._credential.export_address()
        if address is None:
            return None
        return ExportAddress(*address, self.bucket_region)

    @property
    def bucket_region(self) -> str:
        """The region of the buckets with costs, by default the home region."""
        return self._credential.cost_export_region or self.home_region

    @property
    def billing_account(self) -> str | None:
        """The account whose bill the credential reads, where it names one."""
        return self._credential.cost_billing_account

    def cost_explorer(self) -> CostExplorerClient:
        """Return the client of Cost Explorer, which has one endpoint in each partition."""
        region = self.home_region
        return cast("CostExplorerClient", self._client("ce", region, ATTEMPTS))

    def pricing(self) -> PricingClient:
        """Return the client of the Price List, which has one endpoint in each partition.

        See https://docs.aws.amazon.com/general/latest/gr/billing.html.
        """
        region = "cn-northwest-1" if self.home_region.startswith("cn-") else "us-east-1"
        return cast("PricingClient", self._client("pricing", region, ATTEMPTS))

    def cloudwatch(self, region: str) -> CloudWatchClient:
        """Return the client of CloudWatch in a region."""
        return cast("CloudWatchClient", self._client("cloudwatch", region, ATTEMPTS))

    def s3(self, region: str) -> S3Client:
        """Return the client of S3 in a region."""
        return cast("S3Client", self._client("s3", region, ATTEMPTS))

    def sts(self) -> STSClient:
        """Return the client of STS in the home region."""
        region = self.home_region
        return cast("STSClient", self._client("sts", region, INTERACTIVE_ATTEMPTS))

    def iam(self) -> IAMClient:
        """Return the client of IAM, a global service, in the home region."""
        region = self.home_region
        return cast("IAMClient", self._client("iam", region, INTERACTIVE_ATTEMPTS))

    def _client(self, service: str, region: str, attempts: int) -> Any:
        key = (service, region, attempts)
        if key in self._clients:
            return self._clients[key]
        with self._lock:
            if key not in self._clients:
                with aws_errors(f"open a client of {service} in {region}"):
                    client: Any = self._boto3().client(
                        cast("Any", service),  # the overloads require a literal
                        region_name=region,
                        endpoint_url=self._credential.endpoint,
                        config=self._config(service, attempts),
                    )
                    guard_client(client)
                    client.meta.events.register("after-call", require_request_id)
                    self._clients[key] = client
            return self._clients[key]

    def _boto3(self) -> boto3.session.Session:
        """Return the session of boto3; the caller holds the lock.

        There is one: each adds its methods to all later clients of the session of botocore, and
        S3 refuses a second addition.
        """
        if self._boto3_session is None:
            self._boto3_session = boto3.session.Session(botocore_session=self._open())
        return self._boto3_session

    def _config(self, service: str, attempts: int) -> Config:
        """Return the configuration of a client: a private endpoint has its buckets in the path."""
        config = client_config(attempts)
        if service == "s3" and self._credential.endpoint is not None:
            return config.merge(Config(s3={"addressing_style": "path"}))
        return config

    def _open(self) -> botocore.session.Session:
        """Return the session, opened when first used; the caller holds the lock."""
        if self._session is None:
            with aws_errors("open the AWS credential"):
                config = client_config(INTERACTIVE_ATTEMPTS)
                self._session = open_session(self._credential, config)
        return self._session


def require_request_id(
    http_response: Any, parsed: Mapping[str, Any], model: Any, **_: object
) -> None:
    """Raise UnexpectedAnswer for a reply without the request id that every AWS reply has.

    A page of HTML may be well-formed XML, and would be parsed as an empty reply: a delete would
    appear to have succeeded.
    """
    accepted = http_response.status_code < 300
    if accepted and not parsed.get("ResponseMetadata", {}).get("RequestId"):
        raise UnexpectedAnswer(
            f"{model.name} was answered with something that is not from AWS.",
            hint="Is a proxy or another service answering at the endpoint?",
            provider="aws",
        )


def client_config(attempts: int) -> Config:
    """Return the configuration that all clients share.

    The endpoint is always the credential's: AWS_ENDPOINT_URL and the endpoints in AWS's
    configuration files are ignored.
    """
    return Config(  # type: ignore[call-arg]  # the stubs lack ignore_configured_endpoint_urls
        connect_timeout=CONNECT_SECONDS,
        read_timeout=READ_SECONDS,
        retries={"mode": "adaptive", "total_max_attempts": attempts},
        max_pool_connections=POOL_CONNECTIONS,
        tcp_keepalive=True,
        user_agent_extra=f"skyclust/{skyclust.__version__}",
        ignore_configured_endpoint_urls=True,
    )
