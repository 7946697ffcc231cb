"""The sandbox Azure: Resource Manager, cost queries of subscriptions, and Entra ID, over HTTP.

`python -m skyclust_sandbox.azure --port 0 --seed estate` serves everything on one port, and
prints the endpoint to stdout. The following values are the same in every run
(`skyclust_sandbox.azure.tenants`).

Tenants and subscriptions:

- main tenant `aaaaaaaa-0000-4000-8000-000000000001` with subscription
  `11111111-2222-4333-8444-555555555555`, which has the estate;
- other tenant `aaaaaaaa-0000-4000-8000-000000000002` with subscription
  `66666666-7777-4888-8999-000000000000`, always empty.

Service principals (client id / secret; an unknown id, secret or tenant is refused):

- main: `c0000000-0000-4000-8000-000000000001` / `sandbox-secret`: all permissions;
- main: `c0000000-0000-4000-8000-000000000002` / `sandbox-operator-secret`: all permissions, for
  tests that need a second client beside the one in which they inject faults;
- main: `c0000000-0000-4000-8000-000000000003` / `sandbox-reader-secret`: may only read;
- other: `c0000000-0000-4000-8000-000000000004` / `sandbox-other-secret`: all permissions in its
  tenant.

A fault's `access_key` matches the client id. `POST /_sandbox/certificates {"client_id": ...,
"certificate": PEM}` registers a certificate until the next reset. The managed identity is client
`c0000000-0000-4000-8000-000000000005`. It gets tokens at `GET /metadata/identity/oauth2/token`
(set AZURE_POD_IDENTITY_AUTHORITY_HOST to the endpoint) and at `GET /msi/token` (set
IDENTITY_ENDPOINT to that URL, and IDENTITY_HEADER to `sandbox-identity-header`).

Authentication of clients: azure-identity and MSAL require an https authority, and the sandbox
has no TLS. So pass the endpoint with https instead of http as `authority`,
`disable_instance_discovery=True`, and as `transport` a subclass of
`azure.core.pipeline.transport.RequestsTransport` whose `send` changes the scheme of
`request.url` to http. Nothing else is needed for secrets and certificates. Managed identity uses
http by default. Management clients take
`base_url=<endpoint>, credential_scopes=["https://management.azure.com/.default"]` and an
`authentication_policy` that accepts http.

Locations: westeurope, northeurope, germanywestcentral, eastus, westus3 and southeastasia have
the zones "1", "2" and "3"; westus and northcentralus have none. Resource groups can be in any
location. The seed `empty` has a resource group `default` with, in each location, a virtual
network `default-<location>` with one subnet `default`.

The action of a fault is the operation id of the REST API (`VirtualMachines_CreateOrUpdate`,
`VirtualMachines_ListAll`, `Disks_List`, `Operations_Get` for the polling of any operation), or
`Tokens_Create` for token requests. The region of a call is the location in the path, the body or
the stored resource. Lists of a subscription or a resource group and token requests have no region
(""), because Azure grants access to a whole subscription: leave out `region` to deny a list. The
error codes AllocationFailed, ZonalAllocationFailed and OverconstrainedAllocationRequest make a
create or a start fail after it was accepted. All other codes, QuotaExceeded and SkuNotAvailable
among them, refuse the request at once.

As in Azure, `GET .../virtualMachines?statusOnly=true` returns little more than the statuses of
each VM, and a list accepts `$expand` only with `$filter`: a client that needs both properties and
statuses reads two lists. Retry-After is the transition time in whole seconds, so 0 for a short
one: set the `polling_interval` of the SDK.

Costs: `Query_Usage` answers for the last 90 days of the main subscription, with the timeframe
`Custom` and any dimensions of `cost_management.dimensions`. A tenant has 12 query units in 10
seconds, one for each month of a query; a later page is free. A throttled query has a wait in
`x-ms-ratelimit-microsoft.costmanagement-qpu-retry-after` and no Retry-After; the `code` of a
throttle fault replaces `qpu`, for example by `tenant`. The other subscription has no cost data:
204. `POST /_sandbox/cost-exports` with `{"folder": "..."}` writes what is published of the bill as
a FOCUS export, and `POST /_sandbox/cost-pages` with `{"largest": 1}` limits the pages of answers.

Azure has no API for the data on a disk. In the sandbox it is a string that snapshots and copies
inherit: `GET` and `PUT /_sandbox/content/<resource id>` with `{"content": "..."}`.
"""
