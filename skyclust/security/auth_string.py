"""The auth string of an embedded Prefect server: generated once, kept in the home folder, proved.

Prefect has a single password, `USER:PASSWORD` (its setting PREFECT_SERVER_API_AUTH_STRING), and
anybody who has it can run code as the worker. So it is protected like the encryption key: it is in
a file of mode 0600, in the environment of the processes that need it, and nowhere else.
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
    """Return the path of a home folder's auth string."""
    return home / FILE_NAME


def generate() -> str:
    """Return a new auth string with 256 random bits."""
    return f"{USER}:{secrets.token_urlsafe(RANDOM_BYTES)}"


def initialise(home: Path) -> str:
    """Return the auth string of a home folder; generate it if it does not exist.

    Raises what `read` raises.
    """
    keyfile.create(path_in(home), generate() + "\n")
    return read(home) or ""


def renew(home: Path) -> str:
    """Replace an auth string that others may know, and return the new one."""
    made = generate()
    keyfile.replace(path_in(home), made + "\n")
    return made


def read(home: Path) -> str | None:
    """Return the auth string of a home folder, None if it does not exist.

    Raises ConfigurationError for a file that other users may read, and for a file that does not
    hold an auth string, or one that is short enough to be guessed.
    """
    path = path_in(home)
    again = f"Remove {path}: the next `skyclust up` makes a new one."
    content = keyfile.read_private(path, if_open=again, what="The auth string file")
    if content is None:
        return None
    text = content.decode("ascii", errors="replace").strip()
    if not _FORM.fullmatch(text):
        raise ConfigurationError(
            f"{path} does not hold an auth string: USER:PASSWORD with 22 characters of password"
            " at the least.",
            hint=again,
        )
    # As it is, and in the form of an HTTP header.
    register_secret(text)
    register_secret(base64.b64encode(text.encode()).decode("ascii"))
    return text


def fingerprint(auth_string: str) -> str:
    """Return a short digest that identifies an auth string and does not reveal it.

    A digest of 128 random bits cannot be reversed by guessing.
    """
    return hashlib.sha256(auth_string.encode()).hexdigest()[:_DIGITS]


def proof(auth_string: str, *, port: int, nonce: str) -> str:
    """Return the answer to a nonce that only a holder of the auth string can compute.

    A client requests this proof before it sends the auth string to a port of this computer: any
    user may listen there once the server has ended. The port is part of the proof, so that the
    answer of the real server cannot be passed on from another port.
    """
    question = f"{PROOF_PATH} {port} {nonce}".encode()
    return hmac.new(auth_string.encode(), question, hashlib.sha256).hexdigest()
