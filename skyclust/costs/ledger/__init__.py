"""The ledger: deliveries, the slices that hold their rows, rollups, and queries over them."""
