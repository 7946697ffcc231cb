"""The only place where an OpenStack connection is made.

This module imports the SDK; the others name its types only, and are imported with it. One
connection serves one thread and region; the token is shared by all, and renewed by itself.
Calls are plain JSON through the SDK's adapters: its resource objects cost ten times what they
are made of.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
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
from providers.openstack.errors import ODD_ANSWER_HINT, openstack_errors
from providers.openstack.network_names import NameBook
from skyclust.errors import InvalidRequest, UnexpectedAnswer, Unsupported
from skyclust.providerkit.answers import require_object
from skyclust.redaction import register_issued

READ_ATTEMPTS: Final = 3
"""For reads only: a request that changes something is sent once, for its reply may be lost."""

RETRIABLE: Final = [429, 502, 503, 504]

COMPUTE: Final = "compute"
STORAGE: Final = "block-storage"
IMAGE: Final = "image"
NETWORK: Final = "network"
LOAD_BALANCER: Final = "load-balancer"

PROJECTS: Final = {
    COMPUTE: "Nova",
    STORAGE: "Cinder",
    IMAGE: "Glance",
    NETWORK: "Neutron",
    LOAD_BALANCER: "Octavia",
}

# What follows the address of a service in the catalog, where that does not have it already.
_VERSIONS: Final = {
    COMPUTE: "/v2.1",
    STORAGE: "/v3",
    IMAGE: "/v2",
    NETWORK: "/v2.0",
    LOAD_BALANCER: "/v2",
}
_NEWEST: Final = {COMPUTE: (2, 98), STORAGE: (3, 40)}
"""The newest microversions that something here needs: 2.98 shows a server's image properties,
3.40 puts a volume back to its snapshot. Sources:
https://docs.openstack.org/nova/latest/reference/api-microversion-history.html and
https://docs.openstack.org/cinder/latest/contributor/api_microversion_history.html"""

_MAJOR: Final = {service: str(newest[0]) for service, newest in _NEWEST.items()}

Microversion = tuple[int, int]


@dataclass(frozen=True)
class Endpoint:
    """Where a service answers in a region, and the microversion that it is spoken to in."""

    url: str
    microversion: Microversion | None


class OpenStackClients:
    """The connections of one credential, one a thread and region, made when first used."""

    def __init__(self, credential: OpenStackCredential) -> None:
        self.credential = credential
        self._lock = threading.Lock()
        self._own = threading.local()
        self._auth = to_auth(credential)
        self._endpoints: dict[tuple[str, str], Endpoint] = {}
        self.names = NameBook()

    def access(self, *, fresh: bool = False) -> AccessInfo:
        """Return the token and what came with it; a fresh one is asked of Keystone now."""
        with openstack_errors("sign in to OpenStack"):
            auth = to_auth(self.credential) if fresh else self._auth
            try:
                access = auth.get_access(self._session())
                register_issued(access.auth_token)
                _require_catalog(access)
            except Exception:
                auth.invalidate()  # an odd token would be kept and used again
                raise
            return access

    def project_id(self) -> str:
        """Return the id of the project that the credential works in."""
        return str(self.access().project_id)

    def has(self, region: str, service: str) -> bool:
        """Return whether a service is in the catalog of a region.

        Raises InvalidRequest for a region that the catalog does not have.
        """
        self._known(region)
        return self._address(region, service) is not None

    def endpoint(self, region: str, service: str) -> Endpoint:
        """Return where a service answers in a region.

        Raises InvalidRequest for an unknown region, Unsupported where the cloud does not have
        the service.
        """
        found = self._endpoints.get((region, service))
        if found is None:
            self._known(region)
            found = self._found(region, service)
        return found

    def microversion(self, region: str) -> Microversion:
        """Return the microversion that Nova is spoken to in; (2, 1) where it has none."""
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
        """Make one call and return the JSON of its answer, None when there is none.

        `doing` completes "Could not ..." in the error that is raised otherwise.
        """
        endpoint = self.endpoint(region, service)
        version = endpoint.microversion
        reads = method == "GET"
        with openstack_errors(doing):
            response = self._adapter(region, service).request(
                f"{endpoint.url}{path}",
                method,
                params=params or {},
                json=body,
                headers={"Accept": "application/json"},
                microversion=f"{version[0]}.{version[1]}" if version else None,
                microversion_service_type=_microversion_type(service),
                connect_retries=READ_ATTEMPTS - 1 if reads else 0,
                status_code_retries=READ_ATTEMPTS - 1 if reads else 0,
                retriable_status_codes=RETRIABLE,
                raise_exc=False,
            )
            raise_from_response(response)
            if not response.content:
                return None
            if not _is_json(response):
                kind = response.headers.get("content-type") or "no type"
                raise UnexpectedAnswer(
                    f"Could not {doing}: the answer is no JSON ({kind}).",
                    hint=ODD_ANSWER_HINT,
                    provider="openstack",
                )
            return response.json()

    def read(
        self, region: str, service: str, path: str, key: str | None, *, doing: str
    ) -> dict[str, Any]:
        """Return one thing as its service shows it: the object that stands under a key.

        Glance shows an image without such a key. Raises UnexpectedAnswer where there is none.
        """
        answer = require_object(
            self.call(region, service, "GET", path, doing=doing), doing=doing, provider="openstack"
        )
        found = answer if key is None else answer.get(key)
        return dict(require_object(found, doing=doing, provider="openstack"))

    def _known(self, region: str) -> None:
        """Raise InvalidRequest for a region that has no Nova."""
        if self._address(region, COMPUTE) is None:
            raise InvalidRequest(
                f"The cloud's catalog has no compute service in region {region!r}.",
                hint="Ask for its regions, and check the credential's interface.",
                provider="openstack",
            )

    def _address(self, region: str, service: str) -> str | None:
        catalog = self.access().service_catalog
        with openstack_errors(f"find {PROJECTS[service]} of {region} in the catalog"):
            found = catalog.get_endpoints_data(
                service_type=service, interface=self.credential.interface, region_name=region
            )
            return next((str(one.url) for data in found.values() for one in data if one.url), None)

    def _found(self, region: str, service: str) -> Endpoint:
        address = self._address(region, service)
        if address is None:
            raise Unsupported(
                f"Region {region} of this cloud has no {PROJECTS[service]} ({service}).",
                provider="openstack",
            )
        endpoint, lasting = self._discovered(region, service, address)
        if lasting:
            with self._lock:
                self._endpoints[region, service] = endpoint
        return endpoint

    def _discovered(self, region: str, service: str, address: str) -> tuple[Endpoint, bool]:
        """Return the endpoint, and whether it may be remembered.

        A service that does not tell its versions just now is spoken to in its oldest.
        """
        url = with_version(address, _VERSIONS.get(service, ""))
        if service not in _NEWEST:
            return Endpoint(url, None), True
        with openstack_errors(f"ask {PROJECTS[service]} in {region} for its versions"):
            data = self._adapter(region, service).get_endpoint_data()
        if data is None or data.url is None or data.api_version is None:
            return Endpoint(url, None), False
        highest = data.max_microversion
        version = min((int(highest[0]), int(highest[1])), _NEWEST[service]) if highest else None
        # The address that the service tells of itself may be one behind a proxy.
        known = _VERSIONS[service] in urlsplit(url).path
        return Endpoint(url if known else str(data.url).rstrip("/"), version), True

    def _adapter(self, region: str, service: str) -> Adapter:
        adapters: dict[tuple[str, str], Adapter] = self._own.__dict__.setdefault("adapters", {})
        if (region, service) not in adapters:
            adapters[region, service] = Adapter(
                session=self._connection(region).session,
                service_type=service,
                interface=self.credential.interface,
                region_name=region,
                min_version=_MAJOR.get(service),
                max_version=f"{_MAJOR[service]}.latest" if service in _MAJOR else None,
            )
        return adapters[region, service]

    def _connection(self, region: str) -> Connection:
        connections: dict[str, Connection] = self._own.__dict__.setdefault("connections", {})
        if region not in connections:
            connections[region] = Connection(session=self._new_session(), region_name=region)
        return connections[region]

    def _session(self) -> Session:
        """Return this thread's session for Keystone."""
        if not hasattr(self._own, "session"):
            self._own.session = self._new_session()
        session: Session = self._own.session
        return session

    def _new_session(self) -> Session:
        return Session(
            auth=self._auth,
            session=to_requests_session(self.credential),
            verify=self.credential.verify,
            app_name="skyclust",
            app_version=skyclust.__version__,
        )


def with_version(address: str, version: str) -> str:
    """Return the address of a service with its version, where it has none yet."""
    url = address.rstrip("/")
    parts = urlsplit(url).path.split("/")
    if any(part[:1] == "v" and part[1:2].isdigit() for part in parts):
        return url
    return f"{url}{version}"


def _require_catalog(access: AccessInfo) -> None:
    """Raise UnexpectedAnswer for a token without a catalog: that is not one without services."""
    catalog: object = access.service_catalog.catalog if access.has_service_catalog() else None
    if not isinstance(catalog, list):
        raise UnexpectedAnswer(
            "Could not sign in to OpenStack: the token comes without a catalog.",
            hint=ODD_ANSWER_HINT,
            provider="openstack",
        )


def _microversion_type(service: str) -> str:
    # Cinder kept its first name in the header (keystoneauth maps only volumev2 and volumev3).
    return "volume" if service == STORAGE else service


def _is_json(response: requests.Response) -> bool:
    return "json" in response.headers.get("content-type", "")
