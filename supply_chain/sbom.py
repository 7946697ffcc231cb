"""Writes the bill of materials of the wheel, a CycloneDX document in JSON.

`make build` runs it: `python -m supply_chain.sbom dist` writes `dist/skyclust-VERSION.cdx.json`
beside the wheel. It lists what requirements/production.txt locks, for every system.
"""

from __future__ import annotations

import hashlib
import os
import sys
import uuid
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence, Set
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import Final

from cyclonedx.contrib.license.factories import LicenseFactory
from cyclonedx.contrib.this.builders import this_component
from cyclonedx.model import (
    ExternalReference,
    ExternalReferenceType,
    HashAlgorithm,
    HashType,
    Property,
    XsUri,
)
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.model.license import License, LicenseAcknowledgement
from cyclonedx.output.json import JsonV1Dot6
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from packageurl import PackageURL
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from skyclust import __version__
from supply_chain.lock import FOLDER, Pin, read_lock

OURS: Final = "skyclust"
MARKER: Final = "skyclust:requirements:marker"
"""Property of a component that is not installed everywhere: the marker that says where."""

CLOUDS: Final = frozenset({"aws", "azure", "bigquery", "gcp", "openstack", "proxmox"})
"""Extras that are in the lock of production."""


def main(arguments: Sequence[str]) -> int:
    """Write the bill of materials of the wheel in a folder, and return 0; 1 without a wheel."""
    folder = Path(arguments[0])
    wheel = folder / f"{OURS}-{__version__}-py3-none-any.whl"
    if not wheel.exists():
        sys.stderr.write(f"sbom: there is no {wheel}\n")
        return 1
    written = folder / f"{OURS}-{__version__}.cdx.json"
    written.write_text(render(bill_of_materials(read_lock(FOLDER / "production.txt"), wheel)))
    sys.stdout.write(f"{written}\n")
    return 0


def bill_of_materials(pins: Iterable[Pin], wheel: Path) -> Bom:
    """Return the bill of materials of a wheel that is installed with the pins.

    Licences and dependencies are those that the packages themselves declare where they are
    installed; a package for another system has neither. SOURCE_DATE_EPOCH, when it is set, is the
    time of the document, so that the same wheel has the same bill.
    """
    digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
    epoch = os.environ.get("SOURCE_DATE_EPOCH")
    made = datetime.fromtimestamp(int(epoch), UTC) if epoch else datetime.now(UTC)
    root = Component(
        name=OURS,
        version=__version__,
        type=ComponentType.APPLICATION,
        bom_ref=OURS,
        purl=PackageURL("pypi", name=OURS, version=__version__),
        hashes=[HashType(alg=HashAlgorithm.SHA_256, content=digest)],
        licenses=_licenses(OURS),
    )
    bom = Bom(serial_number=uuid.uuid5(uuid.NAMESPACE_URL, f"urn:sha256:{digest}"))
    bom.metadata.timestamp = made
    bom.metadata.component = root
    bom.metadata.tools.components.add(this_component())
    # A package may be locked more than once: at another version for another Python.
    components: dict[str, list[Component]] = {}
    for pin in pins:
        components.setdefault(pin.name, []).append(_component(pin))
    every = [one for versions in components.values() for one in versions]
    bom.components.update(every)
    edges = _dependencies(components.keys())
    for component in (root, *every):
        needed = [one for name in sorted(edges[component.name]) for one in components[name]]
        bom.register_dependency(component, needed)
    return bom


def render(bom: Bom) -> str:
    """Return the document as JSON of CycloneDX 1.6.

    Raises ValueError when it breaks the schema, which would be a fault here.
    """
    text = JsonV1Dot6(bom).output_as_string(indent=2)
    error = JsonStrictValidator(SchemaVersion.V1_6).validate_str(text)
    if error is not None:
        raise ValueError(f"the bill of materials breaks the schema: {error}")
    return text + "\n"


def _component(pin: Pin) -> Component:
    files = ExternalReference(
        type=ExternalReferenceType.DISTRIBUTION,
        url=XsUri(f"https://pypi.org/project/{pin.name}/{pin.version}/#files"),
        comment="any file of this release with one of these hashes",
        hashes=[HashType(alg=HashAlgorithm.SHA_256, content=one) for one in pin.hashes],
    )
    return Component(
        name=pin.name,
        version=pin.version,
        type=ComponentType.LIBRARY,
        bom_ref=f"{pin.name}=={pin.version}",
        purl=PackageURL("pypi", name=pin.name, version=pin.version),
        licenses=_licenses(pin.name),
        external_references=[files],
        properties=[Property(name=MARKER, value=pin.marker)] if pin.marker else [],
    )


def _metadata(name: str) -> Mapping[str, list[str]]:
    """Return the fields of an installed package that are used here, empty when it is none."""
    try:
        found = distribution(name).metadata
    except PackageNotFoundError:
        return {}
    fields = ("License-Expression", "License", "Classifier", "Requires-Dist")
    return {field: found.get_all(field) or [] for field in fields}


def _licenses(name: str) -> list[License]:
    """Return what a package declares: an SPDX expression, or else the names that it gives."""
    fields = _metadata(name)
    make = LicenseFactory().make_from_string
    short = [one for one in fields.get("License", ()) if "\n" not in one and len(one) <= 64]
    declared = [*fields.get("License-Expression", ()), *short][:1] or [
        one.rpartition(" :: ")[2]
        for one in fields.get("Classifier", ())
        if one.startswith("License :: ") and one != "License :: OSI Approved"
    ]
    return [make(one, license_acknowledgement=LicenseAcknowledgement.DECLARED) for one in declared]


def _dependencies(names: Set[str]) -> Mapping[str, set[str]]:
    """Return which of the named packages each of them needs, and SkyClust with all its clouds.

    A package needs what an extra brings when another one asks for it with that extra.
    """
    extras: defaultdict[str, set[str]] = defaultdict(set, {OURS: set(CLOUDS)})
    edges: defaultdict[str, set[str]] = defaultdict(set)
    waiting = [OURS]
    while waiting:
        name = waiting.pop()
        for one in map(Requirement, _metadata(name).get("Requires-Dist", ())):
            needed = canonicalize_name(one.name)
            if needed in names and _is_asked_for(one, extras[name]):
                if needed not in edges[name] or not one.extras <= extras[needed]:
                    waiting.append(needed)
                edges[name].add(needed)
                extras[needed] |= one.extras
    return edges


def _is_asked_for(requirement: Requirement, extras: Set[str]) -> bool:
    """Return whether a requirement counts with these extras, whatever the system is."""
    marker = requirement.marker
    if marker is None or "extra ==" not in str(marker):
        return True
    return any(marker.evaluate({"extra": one}) for one in extras)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
