"""The parameters of the flows that create instances: flat, as the forms in the Prefect UI are.

A form for each of the two ways of a `ProvisionRequest`: an exact instance, and what an instance
needs. The fields are those of the spec and of the needs. Pydantic orders the fields by their
class, those of the last base first.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, Self

from pydantic import Field, ValidationError, model_validator

from skyclust.field_problems import field_problems
from skyclust.model.choices import Choices, chosen_from
from skyclust.model.instance import SealedInstanceSpec
from skyclust.model.placement import InstanceNeeds
from skyclust.model.provision_request import CreationRequest, ProvisionRequest
from skyclust.model.workspace import Slug


class CreationForm(CreationRequest, ABC):
    """What both forms have in common."""

    @abstractmethod
    def _request_fields(self) -> dict[str, Any]:
        """Return the fields of the request."""

    @model_validator(mode="after")
    def _is_a_request(self) -> Self:
        try:
            ProvisionRequest.model_validate(self._request_fields())
        except ValidationError as error:
            raise ValueError("; ".join(field_problems(error, lambda path: ""))) from None
        return self

    @property
    def request(self) -> ProvisionRequest:
        """Return the request that the form makes."""
        return ProvisionRequest.model_validate(self._request_fields())

    @property
    def summary(self) -> str:
        """Return what is created and where, for the run's name."""
        return self.request.summary

    def _own_fields(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in CreationRequest.model_fields}


class _CredentialForm(CreationForm):
    credential: Slug = Field(
        title="Credential",
        description="Name of the credential to create the instances with.",
        json_schema_extra=chosen_from(Choices.CREDENTIALS),
    )


class InstanceForm(SealedInstanceSpec, _CredentialForm):
    """Create one instance or several alike, by an exact spec."""

    def _request_fields(self) -> dict[str, Any]:
        spec = {name: getattr(self, name) for name in SealedInstanceSpec.model_fields}
        return {**self._own_fields(), "credential": self.credential, "spec": spec}


class NeedsForm(InstanceNeeds, CreationForm):
    """Create one instance or several alike, as small as the needs allow, where they fit."""

    dry_run: bool = Field(
        default=False,
        title="Dry run",
        description="Show which place would be chosen and why, and create nothing.",
    )

    def _request_fields(self) -> dict[str, Any]:
        needs = {name: getattr(self, name) for name in InstanceNeeds.model_fields}
        return {**self._own_fields(), "dry_run": self.dry_run, "needs": needs}
