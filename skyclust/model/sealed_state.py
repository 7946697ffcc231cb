"""Which sealed values of a credential are the right ones: an older one is not."""

from __future__ import annotations

from pydantic import AwareDatetime, BaseModel, ConfigDict


class SealedState(BaseModel):
    """The sealed values of a credential as they were written once, by their digests.

    `values` has the digest of each sealed text by its field, `destination` that of each field that
    says where the secrets are sent. A state is `pending` from before its block is written until
    after. None of it tells anything of a secret.
    """

    model_config = ConfigDict(frozen=True)

    values: dict[str, str]
    destination: dict[str, str]
    since: AwareDatetime
    pending: bool = False

    def covers(self, other: SealedState) -> bool:
        """Return whether the other's sealed values are all this state's own."""
        return all(self.values.get(field) == digest for field, digest in other.values.items())

    def moved(self, other: SealedState) -> list[str]:
        """Return the fields whose destination differs between the two, sorted."""
        names = self.destination.keys() | other.destination.keys()
        return sorted(
            name for name in names if self.destination.get(name) != other.destination.get(name)
        )
