"""The only module that creates OpenStack connections.

This module imports the SDK; other modules import its types for annotations only. A connection is
used by one thread for one region; all share one token, which the SDK renews by itself. Calls
exchange plain JSON through the SDK's adapters: its resource objects cost ten times the time of
the JSON they are made from.
"""

from __future__ import annotations

import threading
from typing import Any, Final
from urllib.parse import urlsplit

import requests
from keystoneauth1.access import AccessInfo
from keystoneauth1.adapter import Adapter
from keystoneauth1.session import Session
from openstack.connection import Connection
from openstack.exceptions import raise_from_response

import skyclust
from providers.openstack.authentication import to_auth, to_requests_session
from providers.openstack.credential import OpenStackCredential
from providers.openstack.errors import openstack_errors
from providers.openstack.name_cache import NameCache
from providers.openstack.services import (
    COMPUTE,
    MAJOR_VERSIONS,
    MAX_MICROVERSIONS,
    SERVICE_NAMES,
    VERSIONS,
    Endpoint,
    Microversion,
    microversion_type,
    with_version,
)
from skyclust.errors import InvalidRequest, UnexpectedAnswer, Unsupported
from skyclust.providerkit.answers import require_object
from skyclust.providerkit.error_context import ENDPOINT_HINT
from skyclust.redaction import register_issued

READ_ATTEMPTS: Final = 3
"""For reads only: a request with an effect is sent once, because its reply may be lost."""

RETRIABLE: Final = [429, 502, 503, 504]
"""The HTTP status codes after which a read is sent again."""


class OpenStackClients:
    """The connections of one credential, one per thread and region, created on first use."""

    def __init__(self, credential: OpenStackCredential) -> None:
        self.credential = credential
        self._lock = threading.Lock()
        self._local = threading.local()
        self._auth = to_auth(credential)
        self._endpoints: dict[tuple[str, str], Endpoint] = {}
        self.names = NameCache()

    def access(self, *, fresh: bool = False) -> AccessInfo:
        """Return the token with its catalog and roles; `fresh` requests a new token from Keystone.

        Raises AuthenticationFailed when Keystone does not accept the credential.
        """
        with openstack_errors("authenticate at OpenStack"):
            auth = to_auth(self.credential) if fresh else self._auth
            try:
                access = auth.get_access(self._session())
                register_issued(access.auth_token)
                _require_catalog(access)
            except Exception:
                auth.invalidate()  # an unusable token would stay cached
                raise
            return access

    def project_id(self) -> str:
        """Return the id of the project that the credential works in."""
        return str(self.access().project_id)

    def project_filter(self) -> dict[str, Any]:
        """Return the query parameters that restrict a list of Neutron or Octavia to the project.

        Empty when the credential lists all projects.
        """
        return {} if self.credential.all_projects else {"project_id": self.project_id()}

    def has(self, region: str, service: str) -> bool:
        """Return whether a service is in the catalog of a region.

        Raises InvalidRequest for a region that the catalog does not have.
        """
        self._require_region(region)
        return self._catalog_url(region, service) is not None

    def endpoint(self, region: str, service: str) -> Endpoint:
        """Return the URL and microversion of a service in a region.

        Raises InvalidRequest for an unknown region, Unsupported where the cloud does not have
        the service.
        """
        cached = self._endpoints.get((region, service))
        if cached is not None:
            return cached
        self._require_region(region)
        url = self._catalog_url(region, service)
        if url is None:
            raise Unsupported(
                f"Region {region} of this cloud has no {SERVICE_NAMES[service]} ({service}).",
                provider="openstack",
            )
        endpoint, may_cache = self._discover(region, service, url)
        if may_cache:
            with self._lock:
                self._endpoints[region, service] = endpoint
        return endpoint

    def microversion(self, region: str) -> Microversion:
        """Return the microversion of requests to Nova; (2, 1) where it has none."""
        return self.endpoint(region, COMPUTE).microversion or (2, 1)

    def call(
        self,
        region: str,
        service: str,
        method: str,
        path: str,
        *,
        doing: str,
        params: dict[str, Any] | None = None,
        body: Any = None,
    ) -> Any:
        """Make one call and return the JSON of the reply, None for an empty reply.

        `doing` completes "Could not ..." in the errors that it raises.
        """
        endpoint = self.endpoint(region, service)
        version = endpoint.microversion
        is_read = method == "GET"
        with openstack_errors(doing):
            response = self._adapter(region, service).request(
                f"{endpoint.url}{path}",
                method,
                params=params or {},
                json=body,
                headers={"Accept": "application/json"},
                microversion=f"{version[0]}.{version[1]}" if version else None,
                microversion_service_type=microversion_type(service),
                connect_retries=READ_ATTEMPTS - 1 if is_read else 0,
                status_code_retries=READ_ATTEMPTS - 1 if is_read else 0,
                retriable_status_codes=RETRIABLE,
                raise_exc=False,
            )
            raise_from_response(response)
            if not response.content:
                return None
            if not _is_json(response):
                content_type = response.headers.get("content-type") or "no type"
                raise UnexpectedAnswer(
                    f"Could not {doing}: the answer is not JSON ({content_type}).",
                    hint=ENDPOINT_HINT,
                    provider="openstack",
                )
            return response.json()

    def read(
        self, region: str, service: str, path: str, key: str | None, *, doing: str
    ) -> dict[str, Any]:
        """Return one object as its service reports it, from under a key of the reply.

        `key` is None for Glance, whose reply is the image itself. Raises UnexpectedAnswer for a
        reply without the object.
        """
        answer = require_object(
            self.call(region, service, "GET", path, doing=doing), doing=doing, provider="openstack"
        )
        item = answer if key is None else answer.get(key)
        return dict(require_object(item, doing=doing, provider="openstack"))

    def _require_region(self, region: str) -> None:
        """Raise InvalidRequest for a region without Nova in the catalog."""
        if self._catalog_url(region, COMPUTE) is None:
            raise InvalidRequest(
                f"The cloud's catalog has no compute service in region {region!r}.",
                hint="List the regions, and check the credential's interface.",
                provider="openstack",
            )

    def _catalog_url(self, region: str, service: str) -> str | None:
        catalog = self.access().service_catalog
        with openstack_errors(f"find {SERVICE_NAMES[service]} of {region} in the catalog"):
            endpoints = catalog.get_endpoints_data(
                service_type=service, interface=self.credential.interface, region_name=region
            )
            urls = (one.url for data in endpoints.values() for one in data)
            return next((str(url) for url in urls if url), None)

    def _discover(self, region: str, service: str, catalog_url: str) -> tuple[Endpoint, bool]:
        """Return the endpoint of a service, and whether it may be cached.

        It may not when version discovery fails; the oldest version is used for now.
        """
        url = with_version(catalog_url, VERSIONS.get(service, ""))
        if service not in MAX_MICROVERSIONS:
            return Endpoint(url, None), True
        with openstack_errors(f"read the versions of {SERVICE_NAMES[service]} in {region}"):
            data = self._adapter(region, service).get_endpoint_data()
        if data is None or data.url is None or data.api_version is None:
            return Endpoint(url, None), False
        highest = data.max_microversion
        version = (
            min((int(highest[0]), int(highest[1])), MAX_MICROVERSIONS[service]) if highest else None
        )
        # The URL that a service reports for itself may be internal, behind a proxy.
        has_version = VERSIONS[service] in urlsplit(url).path
        return Endpoint(url if has_version else str(data.url).rstrip("/"), version), True

    def _adapter(self, region: str, service: str) -> Adapter:
        adapters: dict[tuple[str, str], Adapter] = self._local.__dict__.setdefault("adapters", {})
        if (region, service) not in adapters:
            adapters[region, service] = Adapter(
                session=self._connection(region).session,
                service_type=service,
                interface=self.credential.interface,
                region_name=region,
                min_version=MAJOR_VERSIONS.get(service),
                max_version=f"{MAJOR_VERSIONS[service]}.latest"
                if service in MAJOR_VERSIONS
                else None,
            )
        return adapters[region, service]

    def _connection(self, region: str) -> Connection:
        connections: dict[str, Connection] = self._local.__dict__.setdefault("connections", {})
        if region not in connections:
            connections[region] = Connection(session=self._new_session(), region_name=region)
        return connections[region]

    def _session(self) -> Session:
        """Return this thread's session for Keystone."""
        if not hasattr(self._local, "session"):
            self._local.session = self._new_session()
        session: Session = self._local.session
        return session

    def _new_session(self) -> Session:
        return Session(
            auth=self._auth,
            session=to_requests_session(self.credential),
            verify=self.credential.verify,
            app_name="skyclust",
            app_version=skyclust.__version__,
        )


def _require_catalog(access: AccessInfo) -> None:
    """Raise UnexpectedAnswer for a token without a catalog: it does not mean "no services"."""
    catalog: object = access.service_catalog.catalog if access.has_service_catalog() else None
    if not isinstance(catalog, list):
        raise UnexpectedAnswer(
            "Could not authenticate at OpenStack: the token has no catalog.",
            hint=ENDPOINT_HINT,
            provider="openstack",
        )


def _is_json(response: requests.Response) -> bool:
    return "json" in response.headers.get("content-type", "")
