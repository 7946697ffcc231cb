"""The client tokens of RunInstances: twice the same token is the same machines.

Source: https://docs.aws.amazon.com/ec2/latest/devguide/ec2-api-idempotency.html
"""

from __future__ import annotations

import copy
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from moto.ec2.exceptions import EC2ClientError
from moto.ec2.models.instances import Reservation

_NOT_COMPARED = frozenset({"Action", "Version", "ClientToken", "DryRun"})


@dataclass(frozen=True)
class _Launch:
    fingerprint: str
    reservation: Reservation


@dataclass
class ClientTokens:
    """What was launched with each token, by account and region.

    The caller holds the sandbox's lock from `launched_before` to `remember`: two calls with
    one token at the same time launch once.
    """

    _launches: dict[tuple[str, str, str], _Launch] = field(default_factory=dict)

    def launched_before(
        self, account: str, region: str, token: str, parameters: Mapping[str, object]
    ) -> Reservation | None:
        """Return what this token launched, as it is now, also when since terminated.

        Raises IdempotentParameterMismatch when it was used with other parameters.
        """
        launch = self._launches.get((account, region, token))
        if launch is None:
            return None
        if launch.fingerprint != _fingerprint(parameters):
            raise EC2ClientError(
                "IdempotentParameterMismatch",
                "Arguments on this idempotent request are inconsistent with arguments used in"
                " previous request(s).",
            )
        return launch.reservation

    def remember(
        self,
        account: str,
        region: str,
        token: str,
        parameters: Mapping[str, object],
        reservation: Reservation,
    ) -> None:
        """Keep what a token launched."""
        # A terminated instance leaves its reservation in time; the token keeps naming it.
        kept = copy.copy(reservation)
        kept.instances = list(reservation.instances)
        self._launches[account, region, token] = _Launch(_fingerprint(parameters), kept)

    def clear(self) -> None:
        """Forget all tokens."""
        self._launches.clear()


def _fingerprint(parameters: Mapping[str, object]) -> str:
    compared = {name: value for name, value in parameters.items() if name not in _NOT_COMPARED}
    return hashlib.sha256(json.dumps(compared, sort_keys=True, default=str).encode()).hexdigest()
