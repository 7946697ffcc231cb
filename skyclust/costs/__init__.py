"""Costs: the FOCUS ledger, what is read into it, and what is concluded from it."""
