"""A sandbox Google Cloud: Compute Engine, Resource Manager, BigQuery, and the token endpoints.

One endpoint serves the requests for all of Google's hosts. Requests are routed and validated with
the discovery documents that google-api-python-client ships. Responses have Google's field names,
and self links begin with https://www.googleapis.com/compute/v1/ as Google's do.

- Compute Engine: /compute/v1/projects/{project}/...
- Cloud Resource Manager: /v1/projects/{project}, /v1/projects/{project}:testIamPermissions, and
  the same under /v3.
- BigQuery: /bigquery/v2/projects/{project}/queries, /jobs and /datasets/..., with one table: the
  FOCUS billing export of `sandbox-project`, which is empty in the empty seed. Queries run in
  DuckDB (`bigquery/dialect.py`).
- OAuth 2.0: POST /token (JWT bearer grant with a service account key).
- Security Token Service: POST /v1/token (workload identity federation), and
  POST /v1/projects/-/serviceAccounts/{email}:generateAccessToken (impersonation).
- Metadata server: /computeMetadata/v1/... For google-auth, set GCE_METADATA_HOST and
  GCE_METADATA_IP to 127.0.0.1:PORT. Its default service account is skyclust@sandbox-project.

Projects: `sandbox-project`, which has the resources of the seed, and `other-project`, which is
empty in every seed. Every caller may read the images of `debian-cloud` and `ubuntu-os-cloud`. The
regions and zones are in `locations.py`.

Service accounts (email NAME@PROJECT.iam.gserviceaccount.com):
- skyclust@sandbox-project: all permissions in sandbox-project.
- operator@sandbox-project: the same, for calls that faults on skyclust@ must not affect.
- viewer@sandbox-project: read permissions in sandbox-project.
- skyclust@other-project: all permissions in other-project.

Credentials for tests (`control_paths.py`; these requests need no token):
- GET  /_gcp/service-account-key?account=skyclust&project=sandbox-project: a service account key
  as the JSON file that Google issues, with the `token_uri` of this sandbox. Keys are the same in
  every run.
- GET  /_gcp/workload-identity?account=&project=: {"configuration": external_account JSON without
  `credential_source`, "subject_token": the token that the credential source has to contain}.
- POST /_gcp/token {"account", "project", "lifetime_seconds"}: an access token; with a negative
  lifetime it has expired.
- POST /_gcp/expire-tokens: all tokens that were issued before now expire.
The APIs also accept self-signed JWTs in place of access tokens. The clients of Google's SDK sign
such a JWT when they have a service account key.

Other control paths for tests:
- GET and PUT /_gcp/disks/{project}/{zone}/{disk}/content {"content"}: the content of a disk. A
  snapshot copies it, and a disk that is created from the snapshot has it.
- POST /_gcp/instances {"project", "zone", "count", "machine_type"}: add running instances.
- GET /_gcp/billing: the name of the export's table, and the sums of the bill by month and day.
- PUT /_gcp/queries {"pending_polls": 2}: let so many answers call a new query unfinished.
- PUT /_gcp/quotas/{project}/{region} {"CPUS": 8.0}: change limits of a region.

Faults: `action` is the method id (`compute.instances.insert`, `bigquery.jobs.query`).
- With an error `code` in capitals, which is the code of an operation's error
  (ZONE_RESOURCE_POOL_EXHAUSTED, QUOTA_EXCEEDED), the call is accepted and its operation fails.
- Any other `code` is the `reason` of an HTTP error.
- `region` is a region, for its regional and zonal calls, or a zone, for the calls to that zone.
  It also makes those scopes of aggregated lists unreachable: with returnPartialSuccess=true, a
  warning names them; without it, the list fails.
- `access_key` is the caller's email. Requests for tokens are affected only by faults whose
  action names them: `oauth2.token`, `sts.token`, `iamcredentials.generateAccessToken`,
  `metadata.token`.
"""
