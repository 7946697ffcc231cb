"""Key pairs: named public keys of a user.

Source: https://docs.openstack.org/api-ref/compute/#keypairs-keypairs
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import secrets

from werkzeug.wrappers import Response

from skyclust_sandbox.openstack.compute import quotas
from skyclust_sandbox.openstack.context import Context
from skyclust_sandbox.openstack.paging import page_of
from skyclust_sandbox.openstack.state import KeyPair
from skyclust_sandbox.openstack.wire import Body, bare_time, empty, now, reply


def list_keypairs(context: Context) -> Response:
    """Return a page of the caller's key pairs."""
    own = context.token.user.id
    keypairs = sorted(
        (keypair for keypair in context.region.keypairs.values() if keypair.user_id == own),
        key=lambda keypair: keypair.name,
    )
    page, next_page = page_of(context, keypairs, lambda keypair: keypair.name)
    content: Body = {"keypairs": [{"keypair": _brief(context, keypair)} for keypair in page]}
    if next_page and context.call.microversion >= (2, 35):
        href = next_page.link(f"{context.base_url}/v2.1/os-keypairs")
        content["keypairs_links"] = [{"rel": "next", "href": href}]
    return reply(content)


def get_keypair(context: Context) -> Response:
    """Return a key pair of the caller; 404 when it does not exist."""
    keypair = _find(context)
    view = {
        **_brief(context, keypair),
        "user_id": keypair.user_id,
        "id": 1,
        "created_at": bare_time(keypair.created),
        "deleted": False,
        "deleted_at": None,
        "updated_at": None,
    }
    return reply({"keypair": view})


def create_keypair(context: Context) -> Response:
    """Import a public key, or generate a pair and return its private key, which is not stored."""
    body = context.body("keypair")
    name = str(body.get("name", ""))
    own = context.token.user.id
    made = "public_key" not in body
    if made and context.call.microversion >= (2, 92):
        raise context.refused(
            400, "Invalid input for field/attribute keypair. 'public_key' is a required property"
        )
    public_key = str(body.get("public_key", f"ssh-rsa {_random_key()} Generated-by-Nova"))
    if (own, name) in context.region.keypairs:
        raise context.refused(409, f"Key pair '{name}' already exists.")
    limit = quotas.server_limits(context.region, context.project_id)["key_pairs"]
    if 0 <= limit <= sum(1 for user_id, _ in context.region.keypairs if user_id == own):
        raise context.refused(403, "Quota exceeded, too many key pairs.")
    keypair = KeyPair(name, own, public_key, _fingerprint(context, public_key), now())
    context.region.keypairs[own, name] = keypair
    view = {**_brief(context, keypair), "user_id": own}
    if made:
        view["private_key"] = "-----BEGIN RSA PRIVATE KEY-----\n-----END RSA PRIVATE KEY-----\n"
    # 201 since 2.2; earlier microversions reply 200.
    return reply({"keypair": view}, 201 if context.call.microversion >= (2, 2) else 200)


def delete_keypair(context: Context) -> Response:
    """Delete a key pair: 204, or 202 before microversion 2.2."""
    keypair = _find(context)
    del context.region.keypairs[keypair.user_id, keypair.name]
    return empty(204 if context.call.microversion >= (2, 2) else 202)


def _find(context: Context) -> KeyPair:
    name, own = context.argument("name"), context.token.user.id
    keypair = context.region.keypairs.get((own, name))
    if keypair is None:
        raise context.refused(404, f"Keypair {name} not found for user {own}")
    return keypair


def _brief(context: Context, keypair: KeyPair) -> Body:
    view: Body = {
        "name": keypair.name,
        "public_key": keypair.public_key,
        "fingerprint": keypair.fingerprint,
    }
    if context.call.microversion >= (2, 2):
        view["type"] = keypair.kind
    return view


def _fingerprint(context: Context, public_key: str) -> str:
    try:
        data = base64.b64decode(public_key.split()[1], validate=True)
    except (IndexError, binascii.Error) as error:
        raise context.refused(
            400, "Keypair data is invalid: failed to generate fingerprint"
        ) from error
    digest = hashlib.md5(data, usedforsecurity=False).hexdigest()
    return ":".join(digest[i : i + 2] for i in range(0, 32, 2))


def _random_key() -> str:
    return base64.b64encode(secrets.token_bytes(96)).decode()
