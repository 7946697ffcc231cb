"""Advice as rows for programs."""

from __future__ import annotations

from typing import Any

from skyclust.costs.advice.advising import AdviceReport
from skyclust.costs.advice.records import Advice, ResourceDeletion


def advice_row(one: Advice, report: AdviceReport) -> dict[str, Any]:
    """Return advice by its names, with what a person decided about it; savings are Decimal."""
    decision = report.decisions.get(one.id)
    return {
        "id": one.id,
        "saving": one.saving.amount,
        "currency": one.saving.currency,
        "rule": one.rule.value,
        "resource": one.resource_name,
        "evidence": [*one.evidence, *one.saving.remarks],
        "seen": one.evidence_at,
        "action": _action(one),
        "credential": one.credential,
        "provider": one.provider,
        "region": one.region,
        "resource_kind": one.kind.value,
        "resource_id": one.resource_id,
        "basis": one.saving.basis.value,
        "covered": one.saving.covered,
        "decision": decision.verdict.value if decision else None,
        "decision_reason": decision.reason if decision else None,
        "run_id": decision.run_id if decision else None,
        "what_to_do": one.what_to_do,
    }


def _action(one: Advice) -> dict[str, str] | None:
    if one.action is None:
        return None
    if isinstance(one.action, ResourceDeletion):
        return {
            "kind": "delete",
            "resource_kind": one.action.kind.value,
            "resource": one.action.resource,
        }
    fields = {
        "kind": one.action.kind.value,
        "instance": one.action.instance,
        "type": one.action.type,
        "snapshot": one.action.snapshot,
    }
    return {name: value for name, value in fields.items() if value}
