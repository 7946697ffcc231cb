"""How much an instance was used in a window of days, and the sizes that it could have."""

from __future__ import annotations

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

SECONDS_OF_A_DAY = 86_400


class InstanceMetrics(BaseModel):
    """The use of one instance in [start, end), by the points that its cloud kept.

    What the source does not say is None, never zero. CPU and memory are percentages of what the
    instance has. `cpu_p95` is the 95th percentile of the points' maxima, and None where the points
    are longer than an hour. `network_bytes` is what was received and sent in the window,
    `busiest_day_bytes` the same on the UTC day that had most.
    """

    model_config = ConfigDict(frozen=True)

    instance_id: str = Field(min_length=1)
    start: AwareDatetime
    end: AwareDatetime
    points: int = Field(ge=0)
    step_seconds: int | None = Field(default=None, ge=1)
    newest_at: AwareDatetime | None = None
    cpu_average: float | None = Field(default=None, ge=0)
    cpu_maximum: float | None = Field(default=None, ge=0)
    cpu_p95: float | None = Field(default=None, ge=0)
    memory_average: float | None = Field(default=None, ge=0)
    memory_maximum: float | None = Field(default=None, ge=0)
    network_bytes: int | None = Field(default=None, ge=0)
    busiest_day_bytes: int | None = Field(default=None, ge=0)

    @property
    def days(self) -> float:
        """Return how many days the points cover together."""
        return self.points * (self.step_seconds or 0) / SECONDS_OF_A_DAY


class InstanceSize(BaseModel):
    """An instance type by its size."""

    model_config = ConfigDict(frozen=True)

    type: str
    cores: int
    memory_mib: int


class ResizeOptions(BaseModel):
    """The size of an instance, and the smaller sizes of its family that its zone offers.

    The nearest size comes first.
    """

    model_config = ConfigDict(frozen=True)

    size: InstanceSize
    smaller: tuple[InstanceSize, ...] = ()
    burstable: bool = False


class MetricsRecord(BaseModel):
    """What the store has of the metrics of an instance: the last summary, and the last failure.

    `metrics` and `read_at` are None before the first successful read. `error` is why the last read
    failed, empty where it succeeded. `options` is None where the sizes are not known.
    """

    model_config = ConfigDict(frozen=True)

    credential: str
    region: str
    instance_id: str
    metrics: InstanceMetrics | None = None
    options: ResizeOptions | None = None
    read_at: AwareDatetime | None = None
    error: str = ""
    failed_at: AwareDatetime | None = None
