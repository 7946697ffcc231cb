"""Short forms of long ids: how tables show them, and which id a short form means.

Three forms of ids are long, and each has one short form:

- A UUID, 32 hexadecimal digits, and an id of EC2 (`i-0123456789abcdef0`): the beginning, 8 digits
  at least.
- A path (`europe-west3-a/disk-1` of Compute Engine): its last segments, as many as needed. In an
  id of Azure, subscription, group and names count and constant words do not: `shop/web` for
  `/subscriptions/.../resourcegroups/shop/providers/microsoft.compute/virtualmachines/web`.
- A path that ends with a number (`europe-west3-a/web/1234567890123456789`, an instance of Compute
  Engine): likewise, without the number.

Every other id has no short form: a VMID `100` never means instance 1000, and a name is never
taken for the beginning of an id.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from typing import Final

SHOWN_DIGITS: Final = 8
"""Hexadecimal digits that a table shows at least: the first group of a UUID."""

GIVEN_DIGITS: Final = 4
"""Hexadecimal digits that a person must give at least: git's shortest abbreviation of a hash."""

_UUID: Final = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
_DIGITS: Final = re.compile(rf"(?P<type>(?:[a-z]+-)*)(?:{_UUID}|[0-9a-f]{{32}}|[0-9a-f]{{17}})")
_BEGINNING: Final = re.compile(rf"(?:[a-z]+-)*[0-9a-f]{{{GIVEN_DIGITS}}}[0-9a-f-]*")
_AZURE: Final = re.compile(
    r"/subscriptions/(?P<subscription>[^/]+)/resourcegroups/(?P<group>[^/]+)"
    r"/providers/[^/]+/(?P<rest>(?:[^/]+/[^/]+)(?:/[^/]+/[^/]+)*)",
    re.IGNORECASE,
)
"""https://learn.microsoft.com/azure/azure-resource-manager/templates/template-functions-resource"""

_NUMBER: Final = re.compile(r"/\d{10,}$")


def short_id(whole: str) -> str:
    """Return the short form of an id that stands alone; the id itself where it has none."""
    return short_ids([whole])[whole]


def short_ids(ids: Iterable[str]) -> dict[str, str]:
    """Return each id with its short form, which is the form of no other of these ids."""
    every = sorted(set(ids))
    forms = {whole: whole for whole in every}
    digits = [whole for whole in every if _DIGITS.fullmatch(whole)]
    for position, whole in enumerate(digits):
        # Sorted, an id shares the longest beginning with one of its neighbours.
        neighbours = digits[max(position - 1, 0) : position] + digits[position + 1 : position + 2]
        shared = max((_shared_length(whole, each) for each in neighbours), default=0)
        forms[whole] = _beginning(whole, shared + 1)
    paths = [whole for whole in every if "/" in whole]
    return forms | _endings(paths, {whole: _stem(whole) for whole in paths})


def means(given: str, whole: str) -> bool:
    """Return whether a text is an id or one of its short forms."""
    if given == whole:
        return True
    if _DIGITS.fullmatch(whole):
        return is_beginning(given) and whole.startswith(given)
    if "/" not in whole or not given:
        return False
    ending = f"/{given.lstrip('/')}"
    return any(f"/{path}".endswith(ending) for path in (whole, _stem(whole)))


def is_beginning(given: str) -> bool:
    """Return whether a text can be the beginning of an id of digits, and is long enough."""
    return _BEGINNING.fullmatch(given) is not None


def _shared_length(one: str, other: str) -> int:
    """Return how many characters two texts begin with alike."""
    pairs = zip(one, other, strict=False)
    return next((at for at, (a, b) in enumerate(pairs) if a != b), min(len(one), len(other)))


def _beginning(whole: str, least: int) -> str:
    match = _DIGITS.fullmatch(whole)
    kind = match["type"] if match else ""
    length = max(len(kind) + SHOWN_DIGITS, least)
    return whole[: length + 1 if whole[length - 1] == "-" else length]


def _endings(paths: Iterable[str], stems: dict[str, str]) -> dict[str, str]:
    """Return the shortest ending of each path that no other path has, by whole segments."""
    forms: dict[str, str] = {}
    # First without the numbers; two instances of one name and zone differ by them alone.
    for named in (stems, {whole: whole for whole in paths}):
        open_paths = [whole for whole in named if whole not in forms]
        longest = max((named[whole].count("/") for whole in open_paths), default=0)
        for segments in range(1, longest + 2):
            endings = {whole: _last(stem, segments) for whole, stem in named.items()}
            uses = Counter(endings.values())
            for whole in open_paths:
                if whole not in forms and uses[endings[whole]] == 1:
                    forms[whole] = endings[whole]
    return forms


def _stem(path: str) -> str:
    """Return the segments of a path that people name it by."""
    match = _AZURE.fullmatch(path)
    if match is None:
        return _NUMBER.sub("", path)
    names = match["rest"].split("/")[1::2]  # type, name, type of a part, its name
    return "/".join([match["subscription"], match["group"], *names])


def _last(path: str, segments: int) -> str:
    return "/".join(path.strip("/").split("/")[-segments:])
