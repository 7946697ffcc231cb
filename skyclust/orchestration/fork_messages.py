"""What the worker and its fork server send each other: a message of JSON each."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final
from uuid import UUID

from pydantic import BaseModel, ConfigDict, TypeAdapter

MOST_BYTES: Final = 200_000
"""A message of SOCK_SEQPACKET is sent whole or not at all; the kernel's default buffer for one is
212,992 bytes (net.core.wmem_default, socket(7))."""

READY: Final = b'{"ready": true}'
"""What a fork server says once it has loaded all."""


class RunOrder(BaseModel):
    """Which flow run is to be run, in what folder and with what environment."""

    model_config = ConfigDict(frozen=True)

    flow_run_id: UUID
    folder: Path
    environment: Mapping[str, str]


class Begun(BaseModel):
    """The process of a flow run has its session, its folder and its environment."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    flow_run_id: UUID
    pid: int


class Ended(BaseModel):
    """A process of a flow run has ended; the exit code is negative for the signal that ended it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    pid: int
    exit_code: int


ANSWER: Final[TypeAdapter[Begun | Ended]] = TypeAdapter(Begun | Ended)
"""What a fork server answers once it is ready."""
