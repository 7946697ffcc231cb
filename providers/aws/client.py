"""The only place where an AWS client is made.

This module imports boto3; the others name its types only, and are imported with it.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any, Final, cast

import boto3.session
import botocore.session
from botocore.config import Config
from botocore.credentials import AssumeRoleCredentialFetcher, DeferredRefreshableCredentials
from botocore.loaders import create_loader
from botocore.utils import parse_timestamp

import skyclust
from providers.aws.credential import AwsCredential
from providers.aws.errors import aws_errors
from providers.aws.guarded_connections import guard_client
from skyclust.errors import AuthenticationFailed, UnexpectedAnswer
from skyclust.redaction import register_issued

if TYPE_CHECKING:
    from botocore.credentials import Credentials
    from mypy_boto3_ec2 import EC2Client
    from mypy_boto3_elb import ElasticLoadBalancingClient
    from mypy_boto3_elbv2 import ElasticLoadBalancingv2Client
    from mypy_boto3_iam import IAMClient
    from mypy_boto3_sts import STSClient

CONNECT_SECONDS: Final = 5.0
"""A host that has not answered the TCP handshake by then is not there."""

READ_SECONDS: Final = 30.0
"""The largest page, 1000 instances, comes within a few seconds; RunInstances within ten."""

ATTEMPTS: Final = 10
"""With the adaptive retry mode ten attempts ride out a throttled account."""

ATTEMPTS_WHILE_SOMEONE_WAITS: Final = 3
"""For sts and iam, which answer to a person who checks a credential."""

ONE_ATTEMPT: Final = 1
"""For what may be done at most once: botocore repeats a request whose reply was lost."""

POOL_CONNECTIONS: Final = 32
"""As many threads as may read one region at the same time."""

FALLBACK_REGION: Final = "us-east-1"
ROLE_SESSION_NAME: Final = "skyclust"
"""The name that CloudTrail shows for a role assumed by SkyClust."""

# botocore's own data, read once for all sessions: the model of EC2 alone takes 10 MB of memory, and
# each session would keep one.
_LOADER: Final = create_loader()

# Where botocore would find an identity beside the profile that was asked for.
_BESIDE_THE_PROFILE: Final = ("ec2-credentials-file", "boto-config", "container-role", "iam-role")


class AwsClients:
    """The clients of one credential, one a service and region, made when first used.

    Clients are thread-safe, the session behind them is not: making one is locked.
    """

    def __init__(self, credential: AwsCredential) -> None:
        self._credential = credential
        self._lock = threading.Lock()
        self._clients: dict[tuple[str, str, int], Any] = {}
        self._session: botocore.session.Session | None = None

    @property
    def home_region(self) -> str:
        """The region that is asked about the account itself."""
        with self._lock:
            return _home_region(self._credential, self._opened())

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

    def sts(self) -> STSClient:
        """Return the client of STS in the home region."""
        region = self.home_region
        return cast("STSClient", self._client("sts", region, ATTEMPTS_WHILE_SOMEONE_WAITS))

    def iam(self) -> IAMClient:
        """Return the client of IAM, found through the home region."""
        region = self.home_region
        return cast("IAMClient", self._client("iam", region, ATTEMPTS_WHILE_SOMEONE_WAITS))

    def _client(self, service: str, region: str, attempts: int) -> Any:
        key = (service, region, attempts)
        if key in self._clients:
            return self._clients[key]
        with self._lock:
            if key not in self._clients:
                with aws_errors(f"open a client of {service} in {region}"):
                    session = boto3.session.Session(botocore_session=self._opened())
                    client: Any = session.client(
                        cast("Any", service),  # the overloads want a literal
                        region_name=region,
                        endpoint_url=self._credential.endpoint,
                        config=client_config(attempts),
                    )
                    guard_client(client)
                    client.meta.events.register("after-call", require_request_id)
                    self._clients[key] = client
            return self._clients[key]

    def _opened(self) -> botocore.session.Session:
        """Return the session, opened when first used; the caller holds the lock."""
        if self._session is None:
            with aws_errors("open the AWS credential"):
                self._session = open_session(self._credential)
        return self._session


def require_request_id(
    http_response: Any, parsed: Mapping[str, Any], model: Any, **_: object
) -> None:
    """Raise UnexpectedAnswer for an answer without the request id that every AWS answer has.

    A page of HTML may be well-formed XML, and passes then for an answer with nothing in it: a
    delete would seem to be accepted.
    """
    accepted = http_response.status_code < 300
    if accepted and not parsed.get("ResponseMetadata", {}).get("RequestId"):
        raise UnexpectedAnswer(
            f"{model.name} was answered with something that is not from AWS.",
            hint="Is a proxy or another service answering at the endpoint?",
            provider="aws",
        )


def client_config(attempts: int) -> Config:
    """Return what every client has in common.

    The endpoint is the credential's alone: AWS_ENDPOINT_URL and the endpoints of AWS's
    configuration files are not read.
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


def open_session(credential: AwsCredential) -> botocore.session.Session:
    """Return a session that has exactly the identity of the credential.

    Keys: nothing of the environment or of AWS's files can take their place. Profile: that
    profile or an error, never the identity of the machine. Neither: what botocore finds on
    the machine that runs the worker. A role is assumed on top, and renewed before it ends.
    Raises AuthenticationFailed when there is no identity to start from.
    """
    session = _session_of(credential)
    if credential.access_key_id is not None and credential.secret_access_key is not None:
        token = credential.session_token
        session.set_credentials(
            credential.access_key_id,
            credential.secret_access_key.get_secret_value(),
            token.get_secret_value() if token is not None else None,
        )
    source = session.get_credentials()
    if source is None:
        asked = f"The profile {credential.profile!r}" if credential.profile else "This machine"
        raise AuthenticationFailed(
            f"{asked} has no AWS credentials.",
            hint="Give an access key, or a profile that has one where the worker runs.",
            provider="aws",
        )
    if credential.role_arn is None:
        return session
    assumed = _session_of(credential)
    assumed.register_component("credential_provider", _AssumedRole(credential, session, source))
    return assumed


def _session_of(credential: AwsCredential) -> botocore.session.Session:
    if credential.access_key_id is not None:
        # A profile variable without a source: AWS_PROFILE is not looked at.
        session = botocore.session.Session(session_vars={"profile": (None, None, None, None)})
    else:
        session = botocore.session.Session(profile=credential.profile)
    session.register_component("data_loader", _LOADER)
    parsers = session.get_component("response_parser_factory")
    parsers.set_parser_defaults(timestamp_parser=to_moment)
    if credential.profile is not None:
        resolver = session.get_component("credential_provider")
        for method in _BESIDE_THE_PROFILE:
            resolver.remove(method)
    return session


def to_moment(value: object) -> datetime:
    """Return a timestamp of an answer in UTC.

    botocore's own parser guesses the format, and that is half of the work of reading a
    page of instances; EC2, ELB, IAM and STS all write ISO 8601.
    """
    try:
        moment = datetime.fromisoformat(str(value))
    except ValueError:
        moment = parse_timestamp(str(value))
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)


def _home_region(credential: AwsCredential, session: botocore.session.Session) -> str:
    if credential.region is not None:
        return credential.region
    if credential.access_key_id is not None:
        return FALLBACK_REGION
    return session.get_config_variable("region") or FALLBACK_REGION


class _AssumedRole:
    """A credential resolver of botocore with one answer: the role, renewed by itself."""

    def __init__(
        self,
        credential: AwsCredential,
        session: botocore.session.Session,
        source: Credentials,
    ) -> None:
        self._credential = credential
        self._session = session
        self._source = source

    def load_credentials(self) -> Credentials:
        """Return credentials that call AssumeRole when first used and again before they end."""
        arguments = {"RoleSessionName": ROLE_SESSION_NAME}
        if self._credential.external_id is not None:
            arguments["ExternalId"] = self._credential.external_id.get_secret_value()
        fetcher = AssumeRoleCredentialFetcher(
            client_creator=partial(
                self._guarded_client,
                region_name=_home_region(self._credential, self._session),
                endpoint_url=self._credential.endpoint,
                config=client_config(ATTEMPTS_WHILE_SOMEONE_WAITS),
            ),
            source_credentials=self._source,
            role_arn=self._credential.role_arn or "",
            extra_args=arguments,
        )

        def fetch() -> dict[str, Any]:
            issued = fetcher.fetch_credentials()
            register_issued(issued["secret_key"], issued["token"])
            return dict(issued)

        return DeferredRefreshableCredentials(refresh_using=fetch, method="assume-role")

    def _guarded_client(self, *arguments: Any, **options: Any) -> Any:
        client = self._session.create_client(*arguments, **options)
        guard_client(client)
        return client
