"""The policy that the documentation gives to paste allows what the AWS provider calls."""

from __future__ import annotations

import ast
import json
import re
from typing import Final

import botocore.session
from botocore import xform_name

from providers.aws.identity import NEEDED_PERMISSIONS
from tests.docs import pages
from tests.house.tree import ROOT, files

PROVIDER: Final = ROOT / "providers" / "aws"
PREFIXES: Final = {
    "ce": "ce",
    "cloudwatch": "cloudwatch",
    "ec2": "ec2",
    "elb": "elasticloadbalancing",
    "elbv2": "elasticloadbalancing",
    "iam": "iam",
    "pricing": "pricing",
}
OBJECTS: Final = {"get_object": {"s3:GetObject"}, "list_objects_v2": {"s3:ListBucket"}}
"""The actions of S3 have names of their own (service-authorization reference, list_amazons3)."""


def actions_by_call() -> dict[str, set[str]]:
    """Return the IAM actions that a call of boto3 may need, by the name of its method."""
    found = dict(OBJECTS)
    session = botocore.session.get_session()
    for service, prefix in PREFIXES.items():
        for operation in session.get_service_model(service).operation_names:
            found.setdefault(xform_name(operation), set()).add(f"{prefix}:{operation}")
    return found


def called() -> list[set[str]]:
    """Return for each call of the provider the actions of which it needs one."""
    known, names = actions_by_call(), set[str]()
    for path in files(".py"):
        if path.is_relative_to(PROVIDER):
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                    names.add(node.func.attr)
                if isinstance(node, ast.Constant) and isinstance(node.value, str):
                    names.add(node.value)
    return [known[name] for name in sorted(names & known.keys())]


def policy() -> set[str]:
    """Return the actions of the policy on the page of the cloud."""
    text = (pages.DOCS / "providers" / "aws.md").read_text()
    (document,) = re.findall(r'^```json title="policy.json"\n(.*?)^```', text, re.DOTALL | re.M)
    return {action for one in json.loads(document)["Statement"] for action in one["Action"]}


def test_policy_has_every_action_that_is_called_and_no_other() -> None:
    needed, allowed = called(), policy()
    assert len(needed) > 25
    assert [sorted(actions) for actions in needed if not actions & allowed] == []
    assert allowed - set().union(*needed) == set()


def test_policy_has_what_verify_looks_for() -> None:
    assert set(NEEDED_PERMISSIONS) <= policy()


def test_how_to_names_every_action_that_changes_something() -> None:
    text = pages.section(pages.DOCS / "how-to" / "credentials.md", "AWS")
    changing = {
        action.partition(":")[2]
        for action in policy()
        if action.startswith("ec2:") and not action.startswith("ec2:Describe")
    }
    assert [action for action in sorted(changing) if f"`{action}`" not in text] == []
