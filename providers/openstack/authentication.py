"""Authentication at Keystone, and the HTTP session of all calls.

This module imports the SDK, and only `client` imports this module.
"""

from __future__ import annotations

import ssl
from typing import Any, Final

import requests
from keystoneauth1.identity import v3
from keystoneauth1.session import TCPKeepAliveAdapter

from providers.openstack.credential import OpenStackCredential
from skyclust.providerkit.guarded_requests import GuardedAdapter, mount_guarded
from skyclust.providerkit.timeouts import CONNECT_SECONDS, LONG_READ_SECONDS

READ_SECONDS: Final = LONG_READ_SECONDS
"""Nova returns a page of 1000 servers within some seconds, and the reply to a create within ten."""

POOL_CONNECTIONS: Final = 4
"""A session is used by one thread, for a few services."""


def to_auth(credential: OpenStackCredential) -> v3.Password | v3.ApplicationCredential:
    """Return the keystoneauth plugin for the credential."""
    auth_url = credential.endpoint or ""
    if credential.password is not None:
        return v3.Password(
            auth_url=auth_url,
            username=credential.username,
            user_id=credential.user_id,
            password=credential.password.get_secret_value(),
            user_domain_name=credential.user_domain_name,
            user_domain_id=credential.user_domain_id,
            project_name=credential.project_name,
            project_id=credential.project_id,
            project_domain_name=credential.project_domain_name,
            project_domain_id=credential.project_domain_id,
        )
    secret = credential.application_credential_secret
    return v3.ApplicationCredential(
        auth_url=auth_url,
        application_credential_id=credential.application_credential_id,
        application_credential_name=credential.application_credential_name,
        application_credential_secret=secret.get_secret_value() if secret else "",
        username=credential.username,
        user_id=credential.user_id,
        user_domain_name=credential.user_domain_name,
        user_domain_id=credential.user_domain_id,
    )


def to_requests_session(credential: OpenStackCredential) -> requests.Session:
    """Return a requests session with this module's time-outs and the credential's certificates.

    HTTPS_PROXY and REQUESTS_CA_BUNDLE are used; a .netrc is not, for it contains identities.
    """
    session = requests.Session()
    session.auth = _no_auth  # without it, requests reads .netrc
    mount_guarded(session, _TimeoutAdapter(credential.cacert, pool_maxsize=POOL_CONNECTIONS))
    return session


def _no_auth(request: requests.PreparedRequest) -> requests.PreparedRequest:
    return request


class _TimeoutAdapter(GuardedAdapter, TCPKeepAliveAdapter):
    """Sets both time-outs of every call: keystoneauth has one for connecting and reading."""

    def __init__(self, cacert: str | None, **options: Any) -> None:
        self._cacert = cacert
        super().__init__(**options)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        """Trust the credential's certificates in addition to the public ones."""
        if self._cacert is not None:
            kwargs["ssl_context"] = ssl.create_default_context(cadata=self._cacert)
        super().init_poolmanager(*args, **kwargs)

    def send(self, request: requests.PreparedRequest, **options: Any) -> requests.Response:  # type: ignore[override]  # requests passes every option by name
        """Send with the time-outs of this module."""
        return super().send(request, **{**options, "timeout": (CONNECT_SECONDS, READ_SECONDS)})
