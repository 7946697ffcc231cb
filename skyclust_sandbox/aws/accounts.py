"""The accounts of the sandbox AWS, their access keys, and the roles that may be assumed."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Final

from moto.core.utils import utcnow
from moto.iam.models import AccessKey, Role, iam_backends
from moto.sts.models import AssumedRole, sts_backends

from skyclust_sandbox.aws.credential import ACCESS_KEY
from skyclust_sandbox.aws.wire import Call, Refusal, not_recognised, session_expired

PARTITION: Final = "aws"
ROLE_NAME: Final = "skyclust"
EXTERNAL_ID: Final = "sandbox-external-id"


@dataclass(frozen=True)
class Account:
    """An account with one user, who has a fixed access key id; any secret key is accepted."""

    id: str
    access_key: str
    user: str


MAIN_ACCOUNT: Final = Account("111122223333", ACCESS_KEY, "skyclust")
"""The account that has the estate."""

OTHER_ACCOUNT: Final = Account("444455556666", "sandbox-other", "skyclust")
"""A second account, always empty."""

ACCOUNTS: Final = (MAIN_ACCOUNT, OTHER_ACCOUNT)


def create_accounts() -> None:
    """Create in each account a user with a key, and a role that requires an external id."""
    for account in ACCOUNTS:
        iam = iam_backends[account.id][PARTITION]
        iam.create_user("us-east-1", account.user)
        key = iam.create_access_key(account.user)
        del iam.access_keys[key.access_key_id]
        key.access_key_id = account.access_key
        iam.access_keys[account.access_key] = key
        iam.create_role(
            ROLE_NAME,
            json.dumps(_trust_policy()),
            path="/",
            permissions_boundary=None,
            description="Assumed by SkyClust",
            tags=[],
            max_session_duration="3600",
        )


def _trust_policy() -> dict[str, object]:
    statement = {
        "Effect": "Allow",
        "Principal": {"AWS": "*"},
        "Action": "sts:AssumeRole",
        "Condition": {"StringEquals": {"sts:ExternalId": EXTERNAL_ID}},
    }
    return {"Version": "2012-10-17", "Statement": [statement]}


def account_of(call: Call) -> str | Refusal:
    """Return the id of the caller's account, or the refusal of the caller's key."""
    owned_key = _find_key(call.access_key)
    if owned_key is None:
        return not_recognised(call.service)
    account_id, key = owned_key
    if key.status != "Active":
        return not_recognised(call.service)
    session = _session_of(account_id, call.access_key)
    if session is None:
        return account_id
    if session.session_token != call.session_token:
        return not_recognised(call.service)
    if session.expiration <= utcnow():
        return session_expired(call.service)
    return account_id


def find_role(arn: str) -> Role | None:
    """Return the role that has an ARN, in any account."""
    for account in iam_backends.values():
        for role in account[PARTITION].roles.values():
            if role.arn == arn:
                return role
    return None


def may_assume(role: Role, external_id: str | None) -> bool:
    """Return whether the role's trust policy allows its assumption with this external id.

    Evaluates only `Allow` statements and their condition on sts:ExternalId; every caller with
    an accepted key is a trusted principal.
    """
    policy = json.loads(role.assume_role_policy_document)
    statements = (
        policy["Statement"] if isinstance(policy["Statement"], list) else [policy["Statement"]]
    )
    return any(
        statement["Effect"] == "Allow" and _external_id_matches(statement, external_id)
        for statement in statements
    )


def _external_id_matches(
    statement: dict[str, dict[str, dict[str, object]]], external_id: str | None
) -> bool:
    required = statement.get("Condition", {}).get("StringEquals", {}).get("sts:ExternalId")
    if required is None:
        return True
    return external_id in (required if isinstance(required, list) else [required])


def _find_key(access_key: str) -> tuple[str, AccessKey] | None:
    for account_id, account in list(iam_backends.items()):
        key = account[PARTITION].access_keys.get(access_key)
        if key is not None:
            return account_id, key
    return None


def _session_of(account_id: str, access_key: str) -> AssumedRole | None:
    return sts_backends[account_id][PARTITION].get_assumed_role_from_access_key(access_key)
