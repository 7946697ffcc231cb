"""An example price book for the sandbox Proxmox VE, which like a real one bills nobody."""

from __future__ import annotations

from typing import Final

NAME: Final = "sandbox-proxmox"

PRICE_BOOK: Final = f"""\
name: {NAME}
currency: EUR
issuer: Sandbox platform team
covers:
  providers: [proxmox]
prices:
  - {{unit: core-hour, price: 0.0120, from: 2020-01-01}}
  - {{unit: memory-gib-hour, price: 0.0045, from: 2020-01-01}}
  - {{unit: storage-gib-month, class: ceph, price: 0.12, from: 2020-01-01}}
  - {{unit: storage-gib-month, price: 0.05, from: 2020-01-01}}
"""
"""What a core, a GiB of memory and a GiB of a disk cost. It has no price for snapshots and images,
because Proxmox VE does not say how much of a disk a snapshot takes."""
