"""The settings of SkyClust, read from the environment once per call.

A plain model and not one of pydantic-settings: that package loads asyncio and a dozen sources of
settings, which takes longer than a command that reads the store may spend on all its settings.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

from pydantic import BaseModel, ConfigDict, Field, SecretStr

PREFIX: Final = "SKYCLUST_"


class Settings(BaseModel):
    """Every setting, each an environment variable with the prefix SKYCLUST_."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    home: Path = Field(
        default_factory=lambda: Path.home() / ".skyclust",
        description="Folder of the embedded installation: store, Prefect database, logs, keys.",
    )
    database_url: SecretStr | None = Field(
        default=None,
        description="SQLAlchemy URL of the store. Empty: SQLite in the home folder.",
    )
    database_migrate_on_start: bool = Field(
        default=True,
        description="Whether opening the store brings its tables to this version first.",
    )
    encryption_key: SecretStr | None = Field(
        default=None,
        description="Comma-separated base64 keys of 32 bytes; the first seals, all of them open.",
    )
    encryption_key_file: Path | None = Field(
        default=None,
        description="File with the content of SKYCLUST_ENCRYPTION_KEY, for mounted secrets.",
    )
    allowed_networks: str = Field(
        default="",
        description="Comma-separated networks that credentials may lead to beside the internet:"
        " `10.0.0.0/8`, `10.1.2.3:8006`, and with plain HTTP `http://10.1.2.3:5000`. Those allowed"
        " by `skyclust network allow` are added.",
    )
    allow_worker_identity: bool = Field(
        default=False,
        description="Whether a credential may use the identity of the machine that the worker runs"
        " on: AWS without keys, an Azure managed identity, Google's application default"
        " credentials.",
    )
    allowed_profiles: str = Field(
        default="",
        description="Comma-separated names of the profiles in the worker's AWS files that a"
        " credential may use.",
    )
    allowed_credential_sources: str = Field(
        default="",
        description="Comma-separated files and URLs that a workload identity configuration of"
        " Google may read its token from.",
    )
    prefect_hosts: str = Field(
        default="",
        description="Comma-separated host names under which the Prefect server is reached besides"
        " `127.0.0.1`, `localhost` and `[::1]`: the name of a proxy before it, of the server among"
        " containers. Requests for another name are refused.",
    )
    silence_seconds: float = Field(
        default=60.0,
        gt=0,
        description="So long an account, or one of its regions, may give no answer before a sync"
        " or a placement goes on without it.",
    )
    keep_versions_days: int = Field(
        default=0,
        ge=0,
        le=36_500,
        description="So many days the inventory keeps what a resource was before it changed or was"
        " gone. Older versions are removed after a sync of everything, once a day. 0: all are"
        " kept.",
    )
    cost_ledger: str = Field(
        default="",
        description="Folder of the cost ledger's files, or `s3://bucket/prefix`, which every worker"
        " has to reach. Empty: `costs` in the home folder.",
    )
    cost_import_folders: str = Field(
        default="",
        description="Comma-separated folders of the worker that a run may import bills from"
        " (`folder` of `collect-costs`). Empty: none; `skyclust cost import` needs no permission.",
    )
    operation_max_attempts: int = Field(
        default=200,
        ge=1,
        description="So often one step of an operation is begun before the operation waits for a"
        " person (`needs-attention`). Calls that fail at once take about an hour for 200.",
    )
    operation_max_age_hours: float = Field(
        default=24.0,
        gt=0,
        description="So many hours after it was requested, or resumed, an operation whose step"
        " fails again waits for a person.",
    )

    def store_url(self) -> str:
        """Return the SQLAlchemy URL of the store."""
        if self.database_url is not None:
            return self.database_url.get_secret_value()
        return f"sqlite:///{self.home / 'skyclust.db'}"


def load_settings() -> Settings:
    """Return the settings of this process as the environment has them now.

    The case of a variable's name does not matter. Raises pydantic's ValidationError for a value
    that a setting cannot have.
    """
    return Settings.model_validate(
        {
            name.upper().removeprefix(PREFIX).lower(): value
            for name, value in os.environ.items()
            if name.upper().startswith(PREFIX)
        }
    )
