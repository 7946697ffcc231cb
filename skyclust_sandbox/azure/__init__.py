"""The sandbox Azure: Resource Manager (Compute, Network, Resources) and Entra ID, over HTTP.

`python -m skyclust_sandbox.azure --port 0 --seed estate` serves everything on one port, told
on stdout. Whatever follows is the same in every run (`skyclust_sandbox.azure.tenants`).

Tenants and subscriptions:

- main tenant `aaaaaaaa-0000-4000-8000-000000000001` with subscription
  `11111111-2222-4333-8444-555555555555`, which has the estate;
- other tenant `aaaaaaaa-0000-4000-8000-000000000002` with subscription
  `66666666-7777-4888-8999-000000000000`, always empty.

Service principals (client id / secret; an unknown id, secret or tenant is refused):

- main: `c0000000-0000-4000-8000-000000000001` / `sandbox-secret`: may do everything;
- main: `c0000000-0000-4000-8000-000000000002` / `sandbox-operator-secret`: the same rights, for
  tests that work beside the credential they break;
- main: `c0000000-0000-4000-8000-000000000003` / `sandbox-reader-secret`: may only read;
- other: `c0000000-0000-4000-8000-000000000004` / `sandbox-other-secret`: all in its tenant.

The client id is what a fault's `access_key` matches. A certificate is made known by
`POST /_sandbox/certificates {"client_id": ..., "certificate": PEM}` until the next reset. The
managed identity is client `c0000000-0000-4000-8000-000000000005`, served at
`GET /metadata/identity/oauth2/token` (set AZURE_POD_IDENTITY_AUTHORITY_HOST to the endpoint) and
at `GET /msi/token` (set IDENTITY_ENDPOINT to that address, and IDENTITY_HEADER to
`sandbox-identity-header`).

How a client gets a token: azure-identity and MSAL insist on an https authority, and there is no
TLS here. So `authority` is the endpoint with https in the place of http,
`disable_instance_discovery=True`, and `transport=` one that sends to http: a subclass of
`azure.core.pipeline.transport.RequestsTransport` whose `send` replaces the scheme of
`request.url`. That is all it takes, for secrets and certificates. Managed identity
speaks http by itself. Management clients take
`base_url=<endpoint>, credential_scopes=["https://management.azure.com/.default"]` and an
`authentication_policy=` that is content with http.

Locations: westeurope, northeurope, germanywestcentral, eastus, westus3 and southeastasia have
zones "1", "2", "3" (westus and northcentralus have none); resource groups can be in any. The seed
`empty` has a resource group `default` with, in each location, a virtual network
`default-<location>` with one subnet `default`.

Faults are named by the REST API's operations (`VirtualMachines_CreateOrUpdate`,
`VirtualMachines_ListAll`, `Disks_List`, `Operations_Get` for the polling of any operation,
`Tokens_Create` for tokens). A call's region is the location of its resource where the path, the
body or the stored resource tells; lists of a subscription or a group and calls for tokens have
none (""): whoever denies a list in Azure denies the subscription, so leave `region` out. The
error codes AllocationFailed, ZonalAllocationFailed and OverconstrainedAllocationRequest let a
create or a start be accepted and then fail; QuotaExceeded and SkuNotAvailable refuse at once,
as any other code does.

`GET .../virtualMachines?statusOnly=true` tells hardly more than the state of each vm, and a
list takes `$expand` only with a `$filter`: who needs both reads two lists. Retry-After is the
transition in whole seconds, so 0 for short ones: give the SDK a `polling_interval`.

What is in a disk cannot be seen through Azure; here it is a word that snapshots and copies carry
on: `GET` and `PUT /_sandbox/content/<resource id>` with `{"content": "..."}`.
"""
