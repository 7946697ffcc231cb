"""A sandbox OpenStack: keystone, nova, glance, neutron, cinder and octavia in one process.

Everything is behind one port, under path prefixes as a modern deployment has them::

    http://HOST:PORT/identity/v3                              keystone, of all regions
    http://HOST:PORT/REGION/compute/v2.1                      nova, microversions 2.1 to 2.100
    http://HOST:PORT/REGION/image/v2                          glance
    http://HOST:PORT/REGION/network/v2.0                      neutron
    http://HOST:PORT/REGION/volume/v3/PROJECT_ID              cinder, microversions 3.0 to 3.71
    http://HOST:PORT/REGION/load-balancer/v2                  octavia

`auth_url` is `http://HOST:PORT/identity/v3` (or without `/v3`). Regions: `RegionOne`, `RegionTwo`.

Domain `Default` (id `default`) has the projects `sandbox` and `sandbox-other`; domain
`Partners` has the project `partner`. Users, with what they may do:

    sandbox   in Default    password sandbox-password    member of `sandbox`
    other     in Default    password other-password      member of `sandbox-other`
    auditor   in Default    password auditor-password    reader of `sandbox`
    admin     in Default    password admin-password      admin of both projects: sees all tenants
    partner   in Partners   password partner-password    member of `partner`

The user `sandbox` has the application credential `skyclust` (member of `sandbox`), and `admin`
has `skyclust-admin`; `directory.application_credential_id(name)` gives their ids, the secrets are
`NAME-secret`.

Faults name calls `SERVICE.NOUN.VERB`: `identity.tokens.create`, `compute.servers.list` (brief and
detailed), `compute.servers.get`, `compute.servers.stop`, `image.images.list`,
`network.ports.create`, `block-storage.volumes.create`, `load-balancer.load_balancers.list`.
`routes.py` and the ROUTES of each service have them all. The `access_key` of a call is the
name of its user; calls of keystone belong to no region.

An `error` fault whose code is one of `faulty.OUTCOMES` lets the call be accepted and its work
end badly, or late: on `compute.servers.create` the codes `NoValidHost`, `MaxRetriesExceeded`,
`VolumeLimitExceeded` and `BuildAborted` make a server that becomes ERROR, `Slow` with `seconds`
keeps any server or volume in its state that much longer, `Failed` ends any work in ERROR. On
`compute.servers.list` the code `CellDown` hides the servers of one zone as a cell that is down
does. The code `QuotaExceeded` is each service's own refusal for a quota; administrators set
quotas by the services' own calls.

`--without cinder,neutron,octavia` leaves services out of the catalog; `--bulk 5000` gives the
estate so many servers more, in `RegionOne`.

`GET` and `PUT /_content/ID` read and write what is on a server's own disk, a volume, an image
or a volume snapshot, as `{"content": "..."}`: an invisible mark that snapshots and images
copy and that what is made or rebuilt from them gets.
"""
