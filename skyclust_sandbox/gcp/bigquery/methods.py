"""The methods of BigQuery v2 that read: jobs, query results, tables and datasets.

See https://cloud.google.com/bigquery/docs/reference/rest/v2. A query runs when its job is created;
`pending_polls` says how many further answers call the job unfinished. A job is found only with its
location, as outside the multi-regions of BigQuery.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import count
from typing import Any, Final

from skyclust_sandbox.application import Refused
from skyclust_sandbox.gcp.api_calls import GcpCall
from skyclust_sandbox.gcp.bigquery.columns import FIELDS
from skyclust_sandbox.gcp.bigquery.dialect import InvalidQuery, translate
from skyclust_sandbox.gcp.bigquery.names import DATASET, FULL_NAME, LOCATION, TABLE
from skyclust_sandbox.gcp.bigquery.warehouse import BytesLimit, Result, Warehouse
from skyclust_sandbox.gcp.identity import MAIN_PROJECT
from skyclust_sandbox.gcp.responses import Resource, refused

LARGEST_PAGE: Final = 10_000
"""Rows of a page without `maxResults`; BigQuery itself limits the bytes of a page."""


@dataclass
class Job:
    """A query job. `polls` is how many answers still call it unfinished."""

    id: str
    project: str
    sql: str
    result: Result
    polls: int

    @property
    def reference(self) -> Resource:
        """The job's `JobReference`."""
        return {"projectId": self.project, "jobId": self.id, "location": LOCATION}

    def poll(self) -> bool:
        """Count one look at the job and return whether it is done."""
        if self.polls > 0:
            self.polls -= 1
            return False
        return True


@dataclass
class BigQueryService:
    """The service of one cloud; its callers hold the cloud's lock."""

    warehouse: Warehouse
    pending_polls: int = 0
    _jobs: dict[str, Job] = field(default_factory=dict)
    _by_request: dict[str, Job] = field(default_factory=dict)
    _numbers: Any = field(default_factory=lambda: count(1))

    def restart(self) -> None:
        """Forget every job."""
        self.pending_polls = 0
        self._jobs.clear()
        self._by_request.clear()

    def answer(self, call: GcpCall, largest_page: int | None) -> Resource:
        """Return the content of the response; raises Refused."""
        methods: Mapping[str, Callable[[GcpCall, int], Resource]] = {
            "bigquery.jobs.query": self._query,
            "bigquery.jobs.insert": self._insert,
            "bigquery.jobs.get": self._get_job,
            "bigquery.jobs.cancel": self._cancel,
            "bigquery.jobs.getQueryResults": self._get_results,
            "bigquery.tables.get": self._get_table,
            "bigquery.datasets.get": self._get_dataset,
        }
        method = methods.get(call.method.id)
        if method is None:
            message = f"The sandbox has no method {call.method.id}."
            raise refused(501, "notImplemented", message, from_front_end=True)
        return method(call, min(largest_page or LARGEST_PAGE, LARGEST_PAGE))

    def _query(self, call: GcpCall, largest_page: int) -> Resource:
        job = self._start(call, call.body)
        wanted = int(call.body.get("maxResults", largest_page))
        page = _results(job, 0, min(wanted, largest_page))
        return {**page, "kind": "bigquery#queryResponse", "location": LOCATION}

    def _insert(self, call: GcpCall, _: int) -> Resource:
        configuration = call.body.get("configuration", {})
        if "query" not in configuration:
            raise _invalid("Required parameter is missing: query")
        reference = call.body.get("jobReference", {})
        request = {**configuration["query"], "jobId": reference.get("jobId")}
        return _job_resource(self._start(call, request), done=False)

    def _start(self, call: GcpCall, request: Mapping[str, Any]) -> Job:
        """Run a query and return its job, the same job for a repeated request."""
        request_id = str(request.get("requestId") or "")
        if request_id in self._by_request:
            return self._by_request[request_id]
        sql = str(request.get("query", ""))
        limit = request.get("maximumBytesBilled")
        try:
            parameters = list(request.get("queryParameters", []))
            require_table(call, translate(sql, parameters).table)
            result = self.warehouse.run(sql, parameters, None if limit is None else int(limit))
        except InvalidQuery as error:
            raise _invalid(str(error), "invalidQuery") from error
        except BytesLimit as error:
            message = f"Query exceeded limit for bytes billed: {limit}. {error} or higher required."
            raise _invalid(message, "bytesBilledLimitExceeded") from error
        job_id = str(request.get("jobId") or f"job_{next(self._numbers):08d}")
        job = Job(job_id, call.project, sql, result, self.pending_polls)
        self._jobs[job_id] = job
        if request_id:
            self._by_request[request_id] = job
        return job

    def _get_job(self, call: GcpCall, _: int) -> Resource:
        job = self._find(call, "jobsId")
        return _job_resource(job, done=job.polls == 0)

    def _cancel(self, call: GcpCall, _: int) -> Resource:
        job = self._find(call, "jobsId")
        return {"kind": "bigquery#jobCancelResponse", "job": _job_resource(job, done=True)}

    def _get_results(self, call: GcpCall, largest_page: int) -> Resource:
        job = self._find(call, "queriesId")
        wanted = int(call.query.get("maxResults", largest_page))
        start = int(call.query.get("startIndex", 0))
        if "pageToken" in call.query:
            start = _offset(call.query["pageToken"])
        page = _results(job, start, min(wanted, largest_page))
        return {**page, "kind": "bigquery#getQueryResultsResponse"}

    def _find(self, call: GcpCall, parameter: str) -> Job:
        job = self._jobs.get(call.path[parameter])
        name = f"{call.project}:{call.path[parameter]}"
        if job is None or job.project != call.project or call.query.get("location") != LOCATION:
            raise refused(404, "notFound", f"Not found: Job {name}", from_front_end=True)
        return job

    def _get_table(self, call: GcpCall, _: int) -> Resource:
        dataset, table = call.path["datasetsId"], call.path["tablesId"]
        require_table(call, f"{call.project}.{dataset}.{table}")
        reference = {"projectId": call.project, "datasetId": dataset, "tableId": table}
        return {
            "kind": "bigquery#table",
            "id": f"{call.project}:{dataset}.{table}",
            "tableReference": reference,
            "type": "TABLE",
            "location": LOCATION,
            "numRows": str(self.warehouse.row_count()),
            "schema": {"fields": [each.resource() for each in FIELDS]},
            "timePartitioning": {"type": "DAY"},
        }

    def _get_dataset(self, call: GcpCall, _: int) -> Resource:
        require_table(call, f"{call.project}.{call.path['datasetsId']}.{TABLE}")
        return {
            "kind": "bigquery#dataset",
            "id": f"{call.project}:{DATASET}",
            "datasetReference": {"projectId": call.project, "datasetId": DATASET},
            "location": LOCATION,
            "type": "LINKED",
        }


def require_table(call: GcpCall, name: str) -> None:
    """Raise Refused for a table that does not exist, or that is not of the caller's project."""
    project, _, rest = name.partition(".")
    shown = f"{project}:{rest}"
    if project == MAIN_PROJECT and call.caller.project != MAIN_PROJECT:
        message = (
            f"Access Denied: Table {shown}: User does not have permission to query table {shown},"
            " or perhaps it does not exist."
        )
        raise refused(403, "accessDenied", message, from_front_end=True)
    if name != FULL_NAME:
        message = f"Not found: Table {shown} was not found in location {LOCATION}"
        raise refused(404, "notFound", message, from_front_end=True)


def require_project(call: GcpCall) -> None:
    """Raise Refused unless the caller may run jobs in the project of the path.

    A job is created, so that an account with read permissions may not.
    """
    permitted = call.caller.project == call.project and call.caller.may_write
    if call.method.collection == "jobs" and not permitted:
        message = (
            f"Access Denied: Project {call.project}: User does not have bigquery.jobs.create"
            f" permission in project {call.project}."
        )
        raise refused(403, "accessDenied", message, from_front_end=True)


def _results(job: Job, start: int, size: int) -> Resource:
    """Return one page of the results, or that the job is not complete."""
    if not job.poll():
        return {"jobReference": job.reference, "jobComplete": False}
    rows = job.result.rows
    page = {
        "schema": {"fields": [each.resource() for each in job.result.fields]},
        "jobReference": job.reference,
        "totalRows": str(len(rows)),
        "rows": rows[start : start + size],
        "totalBytesProcessed": str(job.result.bytes_processed),
        "jobComplete": True,
        "cacheHit": False,
    }
    if start + size < len(rows):
        page["pageToken"] = base64.urlsafe_b64encode(f"row {start + size}".encode()).decode()
    return page


def _offset(token: str) -> int:
    try:
        return int(base64.urlsafe_b64decode(token).decode().removeprefix("row "))
    except ValueError as error:
        raise _invalid("Invalid page token") from error


def _job_resource(job: Job, *, done: bool) -> Resource:
    return {
        "kind": "bigquery#job",
        "id": f"{job.project}:{LOCATION}.{job.id}",
        "jobReference": job.reference,
        "configuration": {
            "jobType": "QUERY",
            "query": {"query": job.sql, "useLegacySql": False, "priority": "INTERACTIVE"},
        },
        "status": {"state": "DONE" if done else "RUNNING"},
        "statistics": {
            "query": {
                "statementType": "SELECT",
                "totalBytesProcessed": str(job.result.bytes_processed),
            }
        },
    }


def _invalid(message: str, reason: str = "invalid") -> Refused:
    return refused(400, reason, message, from_front_end=True)
