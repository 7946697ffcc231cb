"""Reconciliation: our sums beside what the sources themselves call their totals."""
