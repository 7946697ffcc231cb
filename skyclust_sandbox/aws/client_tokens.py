"""The client tokens of RunInstances: a repeated token returns the same instances.

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
    """The reservations launched with each token, by account and region.

    The caller holds the sandbox's lock from `find` to `store`, so that two calls with one token at
    the same time launch once.
    """

    _launches: dict[tuple[str, str, str], _Launch] = field(default_factory=dict)

    def find(
        self, account: str, region: str, token: str, parameters: Mapping[str, object]
    ) -> Reservation | None:
        """Return the reservation launched with a token, also when it is terminated.

        Raises IdempotentParameterMismatch when the parameters differ.
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

    def store(
        self,
        account: str,
        region: str,
        token: str,
        parameters: Mapping[str, object],
        reservation: Reservation,
    ) -> None:
        """Store the reservation launched with a token."""
        # moto removes a terminated instance from its reservation; the token still returns it.
        kept = copy.copy(reservation)
        kept.instances = list(reservation.instances)
        self._launches[account, region, token] = _Launch(_fingerprint(parameters), kept)

    def clear(self) -> None:
        """Delete all tokens."""
        self._launches.clear()


def _fingerprint(parameters: Mapping[str, object]) -> str:
    compared = {name: value for name, value in parameters.items() if name not in _NOT_COMPARED}
    return hashlib.sha256(json.dumps(compared, sort_keys=True, default=str).encode()).hexdigest()
