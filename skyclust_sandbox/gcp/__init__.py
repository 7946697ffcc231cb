"""A sandbox Google Cloud: Compute Engine v1, and what a client needs to get a token.

One endpoint answers for all of Google's hosts. Calls are routed and checked by the official
discovery documents that google-api-python-client ships; replies keep Google's field names,
links begin with https://www.googleapis.com/compute/v1/ as Google's do.

- Compute Engine: /compute/v1/projects/{project}/...
- Cloud Resource Manager: /v1/projects/{project}, /v1/projects/{project}:testIamPermissions, and
  the same under /v3.
- OAuth: POST /token (JWT bearer grant of a service account's key).
- Security Token Service: POST /v1/token (workload identity federation), and
  POST /v1/projects/-/serviceAccounts/{email}:generateAccessToken (impersonation).
- Metadata server: /computeMetadata/v1/... (GCE_METADATA_HOST and GCE_METADATA_IP, which
  google-auth asks first, as 127.0.0.1:PORT). Its default service account is
  skyclust@sandbox-project.

Projects: `sandbox-project` (what the seed has) and `other-project` (a new account in every
seed). The images of `debian-cloud` and `ubuntu-os-cloud` may be read by everybody. Regions and
zones stand in `locations.py`.

Service accounts (email NAME@PROJECT.iam.gserviceaccount.com):
- skyclust@sandbox-project: may do everything in sandbox-project
- operator@sandbox-project: the same, so that one works while the other's calls are struck
- viewer@sandbox-project: may read in sandbox-project
- skyclust@other-project: may do everything in other-project

How a credential is obtained (`control_paths.py`; a request to these needs no token):
- GET  /_gcp/service-account-key?account=skyclust&project=sandbox-project: the key as the JSON
  file that Google gives out, `token_uri` leading here. Keys are the same in every run.
- GET  /_gcp/workload-identity?account=&project=: {"configuration": external_account JSON without
  `credential_source`, "subject_token": the token to put where the source says}.
- POST /_gcp/token {"account", "project", "lifetime_seconds"}: a bearer token; a lifetime below
  zero has expired.
- POST /_gcp/expire-tokens: no token made before now is accepted any more.
JWTs that an account signs for the service by itself (what the SDK's clients do with a service
account's key) are accepted as tokens.

What else a test may do:
- GET and PUT /_gcp/disks/{project}/{zone}/{disk}/content {"content"}: what is written on a disk.
  A snapshot keeps it, and a disk made from the snapshot has it.
- POST /_gcp/instances {"project", "zone", "count", "machine_type"}: running machines at once.
- PUT /_gcp/quotas/{project}/{region} {"CPUS": 8.0}: another limit.

Faults: `action` is the method's id (`compute.instances.insert`, `cloudresourcemanager.*`).
- An error whose `code` is an operation's (ZONE_RESOURCE_POOL_EXHAUSTED, QUOTA_EXCEEDED: capitals)
  lets the call be accepted and its operation fail.
- Any other code is the `reason` of an HTTP error.
- `region` is the region of a zonal or regional call; a zone's name strikes the calls to that
  zone. With either, that part of an aggregated list is unreachable: named in a warning when
  returnPartialSuccess=true, else the list fails.
- `access_key` is the caller's email. Calls for tokens are struck only by faults whose action
  names them: `oauth2.token`, `sts.token`, `iamcredentials.generateAccessToken`,
  `metadata.token`.
"""
