"""The auth string of an embedded Prefect server: made once, kept in the home folder, proved.

Prefect knows one password, `USER:PASSWORD` (its setting PREFECT_SERVER_API_AUTH_STRING), and who
has it runs code as the worker. So it is as well kept as the encryption key: in a file of mode
0600, in the environment of the processes that need it, and nowhere else.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import secrets
from pathlib import Path
from typing import Final

from skyclust.errors import ConfigurationError
from skyclust.redaction import register_secret
from skyclust.security import keyfile

FILE_NAME: Final = "prefect-auth-string"
USER: Final = "skyclust"
RANDOM_BYTES: Final = 32

PROOF_PATH: Final = "/skyclust/proof"
"""Where a server proves that it knows the auth string; see `proof`."""

REFUSED_HINT: Final = (
    "Set PREFECT_API_AUTH_STRING to the server's PREFECT_SERVER_API_AUTH_STRING; `skyclust ui`"
    " says where that of an embedded server is."
)
"""What to do when a Prefect server refuses the auth string."""

_FORM: Final = re.compile(r"[!-9;-~]+:[!-~]{22,}")
"""Printable ASCII without blanks; 22 characters of base64 are 128 bits."""

_DIGITS: Final = 16


def path_in(home: Path) -> Path:
    """Return where a home folder keeps its auth string."""
    return home / FILE_NAME


def generate() -> str:
    """Return a new auth string with 256 random bits."""
    return f"{USER}:{secrets.token_urlsafe(RANDOM_BYTES)}"


def initialise(home: Path) -> str:
    """Return the auth string of a home folder, made by this call when there is none yet.

    Raises what `read` raises.
    """
    keyfile.create(path_in(home), generate() + "\n")
    return read(home) or ""


def renew(home: Path) -> str:
    """Put a new auth string in the place of one that others may know, and return it."""
    made = generate()
    keyfile.replace(path_in(home), made + "\n")
    return made


def read(home: Path) -> str | None:
    """Return the auth string of a home folder, None when there is none.

    Raises ConfigurationError for a file that other users may read, and for one that holds
    something else than an auth string that cannot be guessed.
    """
    path = path_in(home)
    again = f"Remove {path}: the next `skyclust up` makes a new one."
    content = keyfile.read_private(path, if_open=again)
    if content is None:
        return None
    text = content.decode("ascii", errors="replace").strip()
    if not _FORM.fullmatch(text):
        raise ConfigurationError(
            f"{path} does not hold an auth string: USER:PASSWORD with 22 characters of password"
            " at the least.",
            hint=again,
        )
    # As it is, and as a header of HTTP has it.
    register_secret(text)
    register_secret(base64.b64encode(text.encode()).decode("ascii"))
    return text


def fingerprint(auth_string: str) -> str:
    """Return what tells an auth string from others and does not tell what it is.

    Of 128 random bits a digest gives nothing away.
    """
    return hashlib.sha256(auth_string.encode()).hexdigest()[:_DIGITS]


def proof(auth_string: str, *, port: int, nonce: str) -> str:
    """Return what only somebody who knows the auth string can answer to this nonce.

    Before a client sends the auth string to a port of this computer it asks who listens there:
    any user may, once the server has ended. The port is part of the proof, so that nobody can
    pass on the answer of the real server.
    """
    question = f"{PROOF_PATH} {port} {nonce}".encode()
    return hmac.new(auth_string.encode(), question, hashlib.sha256).hexdigest()
