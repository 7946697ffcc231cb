"""The ability to read the objects of a bucket of the account."""

from __future__ import annotations

from abc import abstractmethod

from skyclust.contract.ability import Ability
from skyclust.providerkit.object_store import ObjectStore


class BucketProvider(Ability):
    """Reads buckets: exports of billing data are delivered to one, or copied to it."""

    @abstractmethod
    def open_bucket(self, name: str) -> ObjectStore:
        """Return a bucket by its name; makes no call to the cloud.

        Its `list` raises NotFound for a bucket that does not exist, and PermissionDenied for one
        that the credential may not list.
        """
