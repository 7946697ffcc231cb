"""The digests of a credential's current sealed values, by which older values are refused."""

from __future__ import annotations

from pydantic import AwareDatetime, BaseModel, ConfigDict


class SealedState(BaseModel):
    """The digests of the sealed values of a credential, as they were written at one time.

    `values` holds the digest of each sealed text by its field, `destination` that of each field
    that determines where the secrets are sent. A state is `pending` from before its block is
    written until after. The digests reveal nothing of a secret.
    """

    model_config = ConfigDict(frozen=True)

    values: dict[str, str]
    destination: dict[str, str]
    since: AwareDatetime
    pending: bool = False

    def covers(self, other: SealedState) -> bool:
        """Return whether this state contains every sealed value of the other."""
        return all(self.values.get(field) == digest for field, digest in other.values.items())

    def moved(self, other: SealedState) -> list[str]:
        """Return the destination fields that differ between the two states, sorted."""
        names = self.destination.keys() | other.destination.keys()
        return sorted(
            name for name in names if self.destination.get(name) != other.destination.get(name)
        )
