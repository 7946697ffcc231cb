"""A local OpenStack: keystone, nova, glance, neutron, cinder, octavia and cloudkitty.

All services listen on one port, under path prefixes as in a modern deployment::

    http://HOST:PORT/identity/v3                              keystone, of all regions
    http://HOST:PORT/REGION/compute/v2.1                      nova, microversions 2.1 to 2.100
    http://HOST:PORT/REGION/image/v2                          glance
    http://HOST:PORT/REGION/network/v2.0                      neutron
    http://HOST:PORT/REGION/volume/v3/PROJECT_ID              cinder, microversions 3.0 to 3.71
    http://HOST:PORT/REGION/load-balancer/v2                  octavia
    http://HOST:PORT/REGION/rating/v2                         cloudkitty

`auth_url` is `http://HOST:PORT/identity/v3` (or without `/v3`). Regions: `RegionOne`, `RegionTwo`.

Domain `Default` (id `default`) has the projects `sandbox` and `sandbox-other`; domain
`Partners` has the project `partner`. The users and their roles:

    sandbox   in Default    password sandbox-password    member of `sandbox`
    other     in Default    password other-password      member of `sandbox-other`
    auditor   in Default    password auditor-password    reader of `sandbox`
    admin     in Default    password admin-password      admin of both projects: sees all tenants
    partner   in Partners   password partner-password    member of `partner`

The user `sandbox` has the application credential `skyclust` (member of `sandbox`), and `admin`
has `skyclust-admin`. `directory.application_credential_id(name)` returns their ids; the secrets
are `NAME-secret`.

The actions of faults are `SERVICE.NOUN.VERB`: `identity.tokens.create`, `compute.servers.list`
(brief and detailed), `compute.servers.get`, `compute.servers.stop`, `image.images.list`,
`network.ports.create`, `block-storage.volumes.create`, `load-balancer.load_balancers.list`.
`routes.py` and the ROUTES of each service list them all. The `access_key` of a call is the
name of its user; calls of keystone have no region.

An `error` fault whose code is in `fault_replies.OUTCOMES` does not refuse the call: the call is
accepted, and its asynchronous work fails or is delayed. On `compute.servers.create` the codes
`NoValidHost`, `MaxRetriesExceeded`, `VolumeLimitExceeded` and `BuildAborted` produce a server in
ERROR. `Slow` prolongs every transition of servers and volumes by `seconds`. `Failed` ends any work
in ERROR. On `compute.servers.list` the code `CellDown` hides the servers of one zone, as a cell
that is down does. The code `QuotaExceeded` is the quota refusal of each service; administrators
set quotas by the services' own calls.

`--without cinder,neutron,octavia` removes services from the catalog. `--bulk 5000` adds that many
servers to the estate in `RegionOne`.

`GET` and `PUT /_content/ID` read and write the data on a server's own disk, a volume, an image
or a volume snapshot, as `{"content": "..."}`. It is a marker outside of the OpenStack API:
snapshots and images copy it, and disks that are created or rebuilt from them get it.
"""
