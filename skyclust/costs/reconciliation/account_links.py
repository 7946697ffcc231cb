"""Which billing accounts have the costs of which credential's resources."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from skyclust.costs.advice.paid_costs import PaidCosts, PaidDay
from skyclust.costs.billed_ids import last_part
from skyclust.costs.resource_matching import Matches


def accounts_of_credentials(
    matches: Matches, paid: PaidCosts, accounts_by_credential: Mapping[str, str | None]
) -> dict[str, set[str]]:
    """Return the billing accounts whose bills have what a credential reads.

    Those that name its account, and those that name a resource of it.
    """
    links: dict[str, set[str]] = {}
    named: dict[str, set[str]] = {}
    for days in paid.days.values():
        for day in days:
            if day.sub_account and day.account in paid.accounts:
                named.setdefault(last_part(day.sub_account), set()).add(day.account)
    for account in paid.accounts:
        named.setdefault(last_part(account), set()).add(account)
    for credential, own in accounts_by_credential.items():
        if own and last_part(own) in named:
            links.setdefault(credential, set()).update(named[last_part(own)])
    for billed, resources in matches.resources.items():
        for resource in resources:
            accounts = {day.account for day in paid.days[billed]}
            links.setdefault(resource.credential, set()).update(accounts & set(paid.accounts))
    return links


def credentials_of_accounts(
    matches: Matches, paid: PaidCosts, accounts_by_credential: Mapping[str, str | None]
) -> dict[str, set[str]]:
    """Return the credentials that read a sub account, or an account without sub accounts."""
    links: dict[str, set[str]] = {}
    for credential, account in accounts_by_credential.items():
        if account:
            links.setdefault(last_part(account), set()).add(credential)
    for billed, resources in matches.resources.items():
        for day in paid.days[billed]:
            name = last_part(day.sub_account or day.account)
            links.setdefault(name, set()).update(one.credential for one in resources)
    return links


def credentials_of(links: Mapping[str, Collection[str]], days: Sequence[PaidDay]) -> set[str]:
    """Return the credentials that read the accounts of these days, by the links of the above."""
    return {
        name for day in days for name in links.get(last_part(day.sub_account or day.account), ())
    }
