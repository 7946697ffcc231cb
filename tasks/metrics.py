"""Reading how much the instances of an account are used."""

from __future__ import annotations

from datetime import UTC, datetime

from prefect import get_run_logger, task

from skyclust.costs.metrics.reading import MetricsRead, read_account_metrics
from skyclust.model.credential_key import CredentialKey
from skyclust.orchestration.credentials import open_provider
from skyclust.store.engine import open_store
from tasks.retry_policy import RETRIED


@task(name="read metrics", task_run_name="read metrics of {credential}", **RETRIED)
def read_metrics_of_account(credential: CredentialKey) -> MetricsRead:
    """Read the metrics of an account's running instances, those that are a day old or missing."""
    store = open_store()
    provider = open_provider(store, credential.workspace_id, credential.name)
    now = datetime.now(UTC)
    return read_account_metrics(store, provider, credential, now, get_run_logger())
