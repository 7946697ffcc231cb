"""A sync's failures become one record an account and class of error, with what to do about it."""

from __future__ import annotations

import inspect

from skyclust import errors
from skyclust.error_advice import advice
from skyclust.errors import AuthenticationFailed, SkyClustError
from skyclust.inventory.account_problems import MOST_NAMED, account_problems, problems_text
from skyclust.inventory.sync import judge_sync
from skyclust.model.credential_key import CredentialKey
from skyclust.model.resource import ResourceKind
from skyclust.model.scope import Scope, ScopeKey, ScopeState
from skyclust.redaction import register_secret

PROD = CredentialKey("default", "aws-prod", "aws")
LAB = CredentialKey("lab", "rack", "proxmox")


def scope(
    credential: CredentialKey, region: str, state: ScopeState, error: str = "", kind: str = ""
) -> Scope:
    return Scope(
        workspace_id=credential.workspace_id,
        key=ScopeKey(credential=credential.name, region=region, kind=ResourceKind.DISK),
        provider=credential.provider,
        state=state,
        error=error or None,
        error_class=kind or None,
    )


def test_a_silent_cloud_is_one_problem_whatever_the_number_of_its_scopes() -> None:
    silent = [
        scope(PROD, f"r-{n}", ScopeState.STALE, f"No answer of r-{min(n, 2)}.", "Timeout")
        for n in range(9)
    ]
    denied = scope(PROD, "r-9", ScopeState.FAILED, "Not\nallowed.", "PermissionDenied")
    missing = scope(PROD, "r-10", ScopeState.UNSUPPORTED, "No such kind.", "Unsupported")
    fresh = scope(LAB, "here", ScopeState.FRESH)

    problems = account_problems({PROD: [denied, *silent, missing], LAB: [fresh]}, {})

    assert [(one.error_class, one.scopes) for one in problems] == [
        ("Timeout", 9),
        ("PermissionDenied", 1),
    ]
    assert problems[0].reason == "No answer of r-2. (2 more of this kind)"
    assert problems[1].reason == "Not allowed."
    assert "skyclust credential verify aws-prod" in problems[1].hint


def test_an_account_refused_at_discovery_is_one_problem_with_its_scopes() -> None:
    refusal = AuthenticationFailed("AWS refuses the key hunter3-the-key.", hint="Renew it.")
    register_secret("hunter3-the-key")
    scopes = [
        scope(PROD, f"r-{n}", ScopeState.STALE, str(refusal), "AuthenticationFailed")
        for n in range(3)
    ]

    known, new = account_problems({PROD: scopes, LAB: []}, {PROD: refusal, LAB: refusal})

    assert (known.scopes, new.scopes) == (3, 0)
    assert known.reason == new.reason
    assert "hunter3" not in known.reason
    assert known.hint.startswith("Renew it. ")
    assert "`skyclust credential add rack -p proxmox --replace --from-file FILE -w lab`" in new.hint


def test_the_message_names_accounts_reasons_and_what_to_do_and_is_bounded() -> None:
    refusals: dict[CredentialKey, SkyClustError] = {
        CredentialKey("default", f"a-{n:02}", "aws"): AuthenticationFailed("x" * 5000)
        for n in range(40)
    }
    problems = account_problems({}, refusals)
    text = problems_text(problems)

    assert "a-00 (aws): " in text
    assert "[AuthenticationFailed]" in text
    assert text.endswith(f"And {40 - MOST_NAMED} more.")
    assert len(text) < 700 * MOST_NAMED

    verdict = judge_sync({PROD: [scope(PROD, "r", ScopeState.FRESH)]}, problems)
    assert not verdict.complete
    assert verdict.message.endswith("1 scopes are fresh; 40 accounts failed.")


def test_every_class_of_the_tree_has_advice_that_can_be_filled_in() -> None:
    tree = [
        one
        for _, one in inspect.getmembers(errors, inspect.isclass)
        if issubclass(one, SkyClustError) and one is not SkyClustError
    ]

    for kind in tree:
        text = advice(kind, credential="aws-prod", provider="aws", workspace="lab")
        assert text.endswith("."), kind
        assert "{" not in text, kind
        assert text.count("`") % 2 == 0, kind
