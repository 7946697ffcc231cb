"""CloudKitty: what it rated, as far as a cost ledger reads it."""
