"""Every table of the store, for those who need the whole schema: migrations and tests.

Others import the tables of their noun, and thereby load no more than these.
"""

from __future__ import annotations

from skyclust.store import cost_choice_tables, cost_tables, metric_tables
from skyclust.store.tables import metadata

__all__ = ["cost_choice_tables", "cost_tables", "metadata", "metric_tables"]
