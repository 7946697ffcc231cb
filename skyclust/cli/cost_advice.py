"""`skyclust cost advise`: what could be saved, and what a person decides about it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from skyclust.cli import completion
from skyclust.cli.columns import list_columns
from skyclust.cli.cost_options import parse_day
from skyclust.cli.inputs import confirm
from skyclust.cli.list_options import ListOptions, with_list_options
from skyclust.cli.options import DEFAULT_WORKSPACE, AsJson, Local, NoWait, Workspace, Yes
from skyclust.cli.output import say, show_list, show_record
from skyclust.costs.advice.records import AdviceRule
from skyclust.errors import InvalidRequest

if TYPE_CHECKING:
    from skyclust.costs.advice.advising import AdviceReport
    from skyclust.costs.advice.records import Advice
    from skyclust.store.engine import Store

app = typer.Typer()

AdviceId = Annotated[str, typer.Argument(metavar="ID", help="Its id, or how that begins.")]
Rules = Annotated[
    list[AdviceRule] | None, typer.Option("--rule", help="Advice of this rule. May be repeated.")
]
Credentials = Annotated[
    list[str] | None,
    typer.Option(
        "--credential",
        "-c",
        help="Resources of this credential. May be repeated.",
        autocompletion=completion.credentials,
    ),
]
Dismissed = Annotated[bool, typer.Option("--dismissed", help="Those that were put aside.")]

COLUMNS: Final = list_columns(
    "id",
    "saving",
    "currency",
    "rule",
    "resource",
    "credential",
    "region",
    "evidence",
    "seen",
    "action",
    wide=("provider", "resource_id", "basis", "covered", "decision", "what_to_do"),
)


@app.callback(invoke_without_command=True)
@with_list_options()
def advise(
    context: typer.Context,
    *,
    rule: Rules = None,
    credential: Credentials = None,
    dismissed: Dismissed = False,
    options: ListOptions,
    workspace: Workspace = DEFAULT_WORKSPACE,
) -> None:
    """List what could be saved in a month of 30 days, the greatest of each currency first.

    A saving is what this account paid for the resource in its last complete days, else the cloud's
    list price as it was last read (`skyclust cost prices`), else what a price book says; else it is
    unknown. What could not be assessed is counted below the list.
    """
    if context.invoked_subcommand is not None:
        return
    from skyclust.costs.advice.advising import find_advice
    from skyclust.costs.report.advice_table import caption, notes

    report = find_advice(_store(), workspace, rules=rule or (), credentials=credential or ())
    shown = report.dismissed if dismissed else report.advice
    show_list(
        [_row(one, report, for_people=options.is_table) for one in shown],
        COLUMNS,
        options,
        title="Advice that was dismissed" if dismissed else "Advice",
    )
    say(caption(report, len(report.advice)))
    for sentence in notes(report):
        say(sentence, style="yellow" if sentence.startswith("Not assessed") else "")


@app.command()
def dismiss(
    advice: AdviceId,
    *,
    reason: Annotated[str, typer.Option("--reason", help="Why things stay as they are.")],
    until: Annotated[
        str | None,
        typer.Option("--until", metavar="DAY", help="Show it again from this day on (UTC)."),
    ] = None,
    workspace: Workspace = DEFAULT_WORKSPACE,
    as_json: AsJson = False,
) -> None:
    """Put advice aside, for good or until a day; the reason is in the audit trail."""
    from skyclust.model.advice_decision import AdviceVerdict
    from skyclust.orchestration.actor import current_actor
    from skyclust.store import advice_decisions

    if not reason.strip():
        raise InvalidRequest("--reason is empty.", hint="Say why things stay as they are.")
    end = None
    if until is not None:
        end = datetime.combine(parse_day(until, "--until"), datetime.min.time(), tzinfo=UTC)
        if end <= datetime.now(UTC):
            raise InvalidRequest(f"--until {until!r} is not in the future.")
    store = _store()
    one = _find(store, workspace, advice)
    decision = store.write(
        lambda connection: advice_decisions.record(
            connection,
            workspace,
            one.id,
            AdviceVerdict.DISMISSED,
            reason=reason.strip(),
            decided_by=current_actor(),
            until=end,
        )
    )
    if as_json:
        show_record(decision.model_dump(mode="json"), as_json=True)
    say(f"Dismissed: {one.rule.value} of {one.resource_name}.", style="green")


@app.command()
def restore(advice: AdviceId, *, workspace: Workspace = DEFAULT_WORKSPACE) -> None:
    """Withdraw a decision about advice, so that it is listed again."""
    from skyclust.orchestration.actor import current_actor
    from skyclust.store import advice_decisions

    store = _store()
    one = _find(store, workspace, advice)
    store.write(
        lambda connection: advice_decisions.withdraw(
            connection, workspace, one.id, by=current_actor()
        )
    )
    say(f"Restored: {one.rule.value} of {one.resource_name}.", style="green")


@app.command()
def apply(
    advice: AdviceId,
    *,
    yes: Yes = False,
    wait: Annotated[
        float, typer.Option(min=0.1, max=240, help="Minutes to wait for the end of the change.")
    ] = 15,
    local: Local = False,
    no_wait: NoWait = False,
    workspace: Workspace = DEFAULT_WORKSPACE,
    as_json: AsJson = False,
) -> None:
    """Carry advice out: show what will change, ask, and run `change-instance` or `delete-resource`.

    What is deleted is read at the cloud again before: it stays when it is in use by then.
    """
    from skyclust.cli.advice_runs import carry_out, change_of
    from skyclust.costs.report.advice_table import saving_text

    store = _store()
    one = _find(store, workspace, advice)
    if one.action is None:
        raise InvalidRequest(
            f"No operation carries out {one.rule.value} of {one.resource_name!r}.",
            hint=one.what_to_do,
        )
    change = change_of(one, wait=wait, now=datetime.now(UTC))
    say(f"{one.rule.value}: {one.resource_name} ({one.credential}, {one.region})")
    for sentence in (*one.evidence, *one.saving.remarks):
        say(f"  {sentence}")
    say(f"  Saving in 30 days: {saving_text(one.saving)}")
    confirm(f"Run {change.flow}: {change.request.summary}?", yes=yes)
    carry_out(store, one, change, local=local, no_wait=no_wait, as_json=as_json)


def _store() -> Store:
    from skyclust.store.engine import open_store

    return open_store()


def _find(store: Store, workspace: str, beginning: str) -> Advice:
    from skyclust.costs.advice.advising import advice_with_id, find_advice

    return advice_with_id(find_advice(store, workspace), beginning)


def _row(one: Advice, report: AdviceReport, *, for_people: bool) -> dict[str, Any]:
    from skyclust.costs.advice.rows import advice_row
    from skyclust.costs.money import money_text
    from skyclust.costs.report.advice_table import action_text, age_text

    row = advice_row(one, report)
    if not for_people:
        return row
    return row | {
        "id": one.id[:8],
        "saving": money_text(one.saving.amount),
        "evidence": "; ".join((*one.evidence, *one.saving.remarks)),
        "seen": age_text(one.evidence_at, datetime.now(UTC)),
        "action": action_text(one),
    }
