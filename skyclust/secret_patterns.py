"""What a token looks like by where it stands, and which parts of a document are secrets."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any, Final

from skyclust.plain_yaml import load_plain_yaml

SHORTEST_NESTED: Final = 8
"""Shorter values in a document are words such as `true` or `default`, which are everywhere."""

DEEPEST: Final = 20

PUBLIC_FIELDS: Final = frozenset(
    {
        # A service account's key and a workload identity configuration
        # (https://google.aip.dev/auth/4112, https://google.aip.dev/auth/4117).
        "audience",
        "auth_provider_x509_cert_url",
        "auth_uri",
        "client_email",
        "client_id",
        "client_x509_cert_url",
        "environment_id",
        "file",
        "project_id",
        "quota_project_id",
        "region_url",
        "regional_cred_verification_url",
        "service_account_impersonation_url",
        "subject_token_field_name",
        "subject_token_type",
        "token_info_url",
        "token_uri",
        "token_url",
        "type",
        "universe_domain",
        "url",
        # A clouds.yaml
        # (https://docs.openstack.org/openstacksdk/latest/user/config/configuration.html).
        "application_credential_id",
        "application_credential_name",
        "auth_type",
        "auth_url",
        "cacert",
        "cloud",
        "identity_api_version",
        "interface",
        "profile",
        "project_domain_id",
        "project_domain_name",
        "project_name",
        "region",
        "region_name",
        "user_domain_id",
        "user_domain_name",
        "user_id",
        "username",
    }
)
"""Fields of credential documents that name things; every other text in one is a secret."""

_HEADERS: Final = (
    r"(?:proxy-)?authorization|x-[a-z-]*token|x-amz-[a-z-]+|x-ms-authorization-auxiliary"
    r"|metadata-flavor-token|csrfpreventiontoken|set-cookie|cookie"
)
_FIELDS: Final = (
    r"token|access_?token|refresh_?token|id_?token|session_?token|secret_?access_?key|client_?secret"
    r"|client_?assertion|subject_?token|assertion|private_?key|password"
)
_QUOTE: Final = r"\\*['\"]"
"""Within a document that is a text of another one, a quote has backslashes before it."""

_PATTERNS: Final = (
    # A header, as a log or a repeated request has it: the whole of its value.
    re.compile(
        rf"(\b(?:{_HEADERS})(?:{_QUOTE})?\s*[:=]\s*b?(?:{_QUOTE})?)[^'\"\\\r\n}}<]+",
        re.IGNORECASE,
    ),
    re.compile(r"(\bbearer\s+)[A-Za-z0-9._~+/=-]{8,}", re.IGNORECASE),
    # A field of JSON, of a form and of XML.
    re.compile(rf"({_QUOTE}(?:{_FIELDS}){_QUOTE}\s*:\s*{_QUOTE})[^'\"\\]+", re.IGNORECASE),
    re.compile(rf"(\b(?:{_FIELDS})=)[^&\s'\"<>)]+", re.IGNORECASE),
    re.compile(rf"(<(?:{_FIELDS})>)[^<]+", re.IGNORECASE),
    re.compile(r"(\bsig=)[^&\s'\"<>)]+", re.IGNORECASE),
    re.compile(r"(\bPVE(?:APIToken|AuthCookie)=)[^\s'\";]+"),
    re.compile(r"(-----BEGIN [A-Z ]*PRIVATE KEY-----)(?:(?!-----END).){1,20000}", re.DOTALL),
)
_LIKELY: Final = re.compile(
    r"token|authori[sz]ation|x-amz|bearer|secret|assertion|password|cookie|sig=|private.?key|PVEAPI",
    re.IGNORECASE,
)


def mask_by_pattern(text: str, mask: str) -> str:
    """Return the text with the values of token headers and secret fields masked."""
    if not _LIKELY.search(text):
        return text
    for pattern in _PATTERNS:
        text = pattern.sub(rf"\g<1>{mask}", text)
    return text


@lru_cache(maxsize=256)
def short_form(secret: str) -> re.Pattern[str]:
    """Return the expression of a short secret: only where it stands alone."""
    return re.compile(rf"(?<!\w){re.escape(secret)}(?!\w)")


def nested_secrets(secret: str) -> frozenset[str]:
    """Return the secrets within one that is a JSON or YAML document; none within another text."""
    document = _document(secret)
    return frozenset(_texts(document, "", 0)) if isinstance(document, (dict, list)) else frozenset()


def _document(text: str) -> object:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        pass
    if "\n" not in text or ":" not in text:
        return None
    try:
        return load_plain_yaml(text)
    except Exception:  # whatever keeps it from being a document, it is a text
        return None


def _texts(value: Any, field: str, depth: int) -> Iterator[str]:
    if depth > DEEPEST:
        return
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield from _texts(item, str(key), depth + 1)
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item, field, depth + 1)
    elif isinstance(value, str) and field not in PUBLIC_FIELDS and len(value) >= SHORTEST_NESTED:
        yield value
        yield from nested_secrets(value)
