"""Price books: what a private cloud costs, applied to the history of the inventory."""
