"""The names of the export: billing account, dataset, table and location."""

from __future__ import annotations

from typing import Final

from skyclust_sandbox.gcp.identity import MAIN_PROJECT

BILLING_ACCOUNT: Final = "01A2B3-4C5D6E-7F8A9B"
LOCATION: Final = "europe-west3"
_ACCOUNT: Final = BILLING_ACCOUNT.replace("-", "_")
DATASET: Final = f"gcp_billing_immutable_{_ACCOUNT}_europe_west3"
TABLE: Final = f"gcp_billing_export_focus_{_ACCOUNT}"
FULL_NAME: Final = f"{MAIN_PROJECT}.{DATASET}.{TABLE}"
