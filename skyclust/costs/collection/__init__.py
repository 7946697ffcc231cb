"""Collection: the deliveries of an account or folder, read and applied to the ledger."""
