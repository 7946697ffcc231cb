"""How resources name each other: paths, and links that lead to them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from skyclust_sandbox.gcp.responses import LINK, invalid

_HOST: Final = re.compile(r"https?://[^/]+/(?:compute/(?:v1|beta|alpha)/)?")
_PATH: Final = re.compile(
    r"(?:projects/(?P<project>[^/]+)/)?"
    r"(?P<scope>global|zones/[^/]+|regions/[^/]+)/"
    r"(?P<collection>[^/]+)/(?P<name>(?:family/)?[^/]+)"
)


@dataclass(frozen=True)
class Reference:
    """Where a resource is. `scope` is `global`, `zones/NAME` or `regions/NAME`."""

    project: str
    scope: str
    collection: str
    name: str

    @property
    def path(self) -> str:
        """What errors call it: `projects/p/zones/z/instances/n`."""
        return f"projects/{self.project}/{self.scope}/{self.collection}/{self.name}"

    @property
    def link(self) -> str:
        """What other resources call it."""
        return LINK + self.path


def read_link(text: str, project: str, collection: str, field: str) -> Reference:
    """Return what a full or partial link leads to; raises a refusal for anything else.

    A link without a project stays within `project`; `field` is where the link stood.
    """
    matched = _PATH.fullmatch(_HOST.sub("", text, count=1))
    if matched is None or matched["collection"] != collection:
        raise invalid(field, text, "The URL is malformed.")
    return Reference(matched["project"] or project, matched["scope"], collection, matched["name"])


def scope_link(project: str, scope: str) -> str:
    """Return the link of a zone or region."""
    return f"{LINK}projects/{project}/{scope}"


def name_in(link: str) -> str:
    """Return the last part of a link."""
    return link.rpartition("/")[2]


def path_in(link: str) -> str:
    """Return the path of a link of ours."""
    return link.removeprefix(LINK)
