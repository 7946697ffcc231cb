"""The botocore session of a credential: its keys, its profile, or the worker's own identity.

This module imports botocore; the others name its types only, and are imported with it.
"""

from __future__ import annotations

from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import botocore.session
from botocore.credentials import AssumeRoleCredentialFetcher, DeferredRefreshableCredentials
from botocore.loaders import create_loader
from botocore.utils import parse_timestamp

from providers.aws.credential import AwsCredential
from providers.aws.guarded_connections import guard_client
from skyclust.errors import AuthenticationFailed
from skyclust.redaction import register_issued

if TYPE_CHECKING:
    from botocore.config import Config
    from botocore.credentials import Credentials

FALLBACK_REGION: Final = "us-east-1"
ROLE_SESSION_NAME: Final = "skyclust"
"""The name that CloudTrail shows for a role assumed by SkyClust."""

# botocore's own data, read once for all sessions: the model of EC2 alone takes 10 MB of memory, and
# each session would keep a copy.
_LOADER: Final = create_loader()

# The credential providers with which botocore would replace a profile that has no keys.
_NOT_OF_A_PROFILE: Final = ("ec2-credentials-file", "boto-config", "container-role", "iam-role")


def open_session(credential: AwsCredential, sts_config: Config) -> botocore.session.Session:
    """Return a session that has exactly the identity of the credential.

    With keys, nothing in the environment or in AWS's files replaces them. With a profile, the
    identity is that of the profile, never that of the worker. With neither, it is what botocore
    finds on the computer that runs the worker. A role is assumed with that identity, by a client
    of STS with `sts_config`, and renewed before it expires. Raises AuthenticationFailed when there
    is no identity.
    """
    session = _base_session(credential)
    if credential.access_key_id is not None and credential.secret_access_key is not None:
        token = credential.session_token
        session.set_credentials(
            credential.access_key_id,
            credential.secret_access_key.get_secret_value(),
            token.get_secret_value() if token is not None else None,
        )
    source = session.get_credentials()
    if source is None:
        holder = f"The profile {credential.profile!r}" if credential.profile else "This machine"
        raise AuthenticationFailed(
            f"{holder} has no AWS credentials.",
            hint="Give an access key, or a profile that has one where the worker runs.",
            provider="aws",
        )
    if credential.role_arn is None:
        return session
    assumed = _base_session(credential)
    role = _AssumedRole(credential, session, source, sts_config)
    assumed.register_component("credential_provider", role)
    return assumed


def _base_session(credential: AwsCredential) -> botocore.session.Session:
    if credential.access_key_id is not None:
        # A profile variable without a source: AWS_PROFILE is ignored.
        session = botocore.session.Session(session_vars={"profile": (None, None, None, None)})
    else:
        session = botocore.session.Session(profile=credential.profile)
    session.register_component("data_loader", _LOADER)
    parsers = session.get_component("response_parser_factory")
    parsers.set_parser_defaults(timestamp_parser=to_time)
    if credential.profile is not None:
        resolver = session.get_component("credential_provider")
        for method in _NOT_OF_A_PROFILE:
            resolver.remove(method)
    return session


def to_time(value: object) -> datetime:
    """Return a timestamp of a reply in UTC.

    botocore's own parser guesses the format, which takes half of the time of reading a page of
    instances; EC2, ELB, IAM and STS all write ISO 8601.
    """
    try:
        time = datetime.fromisoformat(str(value))
    except ValueError:
        time = parse_timestamp(str(value))
    return time.astimezone(UTC) if time.tzinfo else time.replace(tzinfo=UTC)


def home_region(credential: AwsCredential, session: botocore.session.Session) -> str:
    """Return the region for account-wide requests: the credential's, or the profile's."""
    if credential.region is not None:
        return credential.region
    if credential.access_key_id is not None:
        return FALLBACK_REGION
    return session.get_config_variable("region") or FALLBACK_REGION


class _AssumedRole:
    """A credential resolver of botocore that always returns the role, renewed when it expires."""

    def __init__(
        self,
        credential: AwsCredential,
        session: botocore.session.Session,
        source: Credentials,
        sts_config: Config,
    ) -> None:
        self._credential = credential
        self._session = session
        self._source = source
        self._sts_config = sts_config

    def load_credentials(self) -> Credentials:
        """Return credentials that call AssumeRole when first used and again before they expire."""
        arguments = {"RoleSessionName": ROLE_SESSION_NAME}
        if self._credential.external_id is not None:
            arguments["ExternalId"] = self._credential.external_id.get_secret_value()
        fetcher = AssumeRoleCredentialFetcher(
            client_creator=partial(
                self._guarded_client,
                region_name=home_region(self._credential, self._session),
                endpoint_url=self._credential.endpoint,
                config=self._sts_config,
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
