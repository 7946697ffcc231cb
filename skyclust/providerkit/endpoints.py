"""The check of every URL in a credential."""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Annotated, Final

from pydantic import AfterValidator

LONGEST_LABEL: Final = 63
LONGEST_HOST: Final = 253
"""Characters of a label and of a host name (RFC 1035, section 2.3.4)."""

_FORBIDDEN: Final = re.compile(r"[\s\\\x00-\x1f\x7f]")
_LABEL: Final = re.compile(r"[A-Za-z0-9_]([A-Za-z0-9_-]*[A-Za-z0-9_])?")


@dataclass(frozen=True)
class AddressParts:
    """Host and port of a URL; the host without brackets, in lower case."""

    host: str
    port: int
    tls: bool

    @property
    def loopback(self) -> bool:
        """Whether the host is a literal loopback address."""
        try:
            return ip_address(self.host).is_loopback
        except ValueError:
            return False


def parts_of(address: str) -> AddressParts:
    """Return host and port of a URL that `check_endpoint` has accepted."""
    # Takes a tenth of a second to import, and most commands read no credential.
    from urllib3.util import parse_url  # noqa: PLC0415

    parts = parse_url(address)
    tls = parts.scheme != "http"
    host = (parts.host or "").strip("[]").lower()
    return AddressParts(host, parts.port or (443 if tls else 80), tls)


def check_endpoint(address: str, *, query: bool = False) -> str:
    """Return the URL of a service unchanged; raises ValueError for any other text.

    It needs a scheme (http or https), a valid DNS name or an IP address, and a port from 1 to 65535
    if any; a query only with `query`. It is parsed by urllib3, which the HTTP clients of the SDKs
    use, so that the URL that is checked is the URL that is called.
    """
    if _FORBIDDEN.search(address):
        raise ValueError("an address contains no blanks, backslashes or control characters")
    # Takes a tenth of a second to import, and most commands read no credential.
    from urllib3.exceptions import LocationParseError  # noqa: PLC0415
    from urllib3.util import parse_url  # noqa: PLC0415

    try:
        parts = parse_url(address)
    except LocationParseError:
        raise ValueError("this is not an address: is the port a number up to 65535?") from None
    if parts.scheme not in {"http", "https"}:
        raise ValueError("an address begins with https:// (or http://)")
    if not parts.host:
        raise ValueError("the address has no host")
    if parts.auth is not None:
        raise ValueError("an address contains no user name or password")
    if (parts.query is not None and not query) or parts.fragment is not None:
        raise ValueError("an address of a service has no query and no fragment")
    if parts.port == 0:
        raise ValueError("0 is not a port")
    _check_host(parts.host)
    return address


def _check_host(host: str) -> None:
    if host.startswith("["):  # urllib3 has checked that it is an IPv6 address
        return
    name = host.removesuffix(".")
    if len(name) > LONGEST_HOST:
        raise ValueError(f"a host name has at most {LONGEST_HOST} characters")
    for label in name.split("."):
        if len(label) > LONGEST_LABEL:
            raise ValueError(f"a part of a host name has at most {LONGEST_LABEL} characters")
        if not _LABEL.fullmatch(label):
            raise ValueError(f"{label!r} cannot be part of a host name")


Endpoint = Annotated[str, AfterValidator(check_endpoint)]
"""The type of a credential's field that holds the address of a service."""
