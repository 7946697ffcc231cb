"""Paths and self links of Compute Engine resources, and parsing of both."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from skyclust_sandbox.gcp.responses import invalid

LINK_PREFIX: Final = "https://www.googleapis.com/compute/v1/"
"""The prefix of every self link, whichever endpoint received the request."""

_HOST: Final = re.compile(r"https?://[^/]+/(?:compute/(?:v1|beta|alpha)/)?")
_PATH: Final = re.compile(
    r"(?:projects/(?P<project>[^/]+)/)?"
    r"(?P<scope>global|zones/[^/]+|regions/[^/]+)/"
    r"(?P<collection>[^/]+)/(?P<name>(?:family/)?[^/]+)"
)


@dataclass(frozen=True)
class Reference:
    """The parts of a resource's path. `scope` is `global`, `zones/NAME` or `regions/NAME`."""

    project: str
    scope: str
    collection: str
    name: str

    @property
    def path(self) -> str:
        """The path, as in error messages: `projects/p/zones/z/instances/n`."""
        return f"projects/{self.project}/{self.scope}/{self.collection}/{self.name}"

    @property
    def link(self) -> str:
        """The self link, as in the fields of other resources."""
        return LINK_PREFIX + self.path


def read_link(text: str, project: str, collection: str, field: str) -> Reference:
    """Return the reference of a full or partial resource URL.

    A URL without a project means `project`. Raises Refused, naming the request field `field`,
    for text that is not the URL of a resource in `collection`.
    """
    matched = _PATH.fullmatch(_HOST.sub("", text, count=1))
    if matched is None or matched["collection"] != collection:
        raise invalid(field, text, "The URL is malformed.")
    return Reference(matched["project"] or project, matched["scope"], collection, matched["name"])


def scope_link(project: str, scope: str) -> str:
    """Return the self link of a zone or region."""
    return f"{LINK_PREFIX}projects/{project}/{scope}"


def name_in(link: str) -> str:
    """Return the resource name in a self link."""
    return link.rpartition("/")[2]


def path_in(link: str) -> str:
    """Return the resource path in a self link."""
    return link.removeprefix(LINK_PREFIX)
