"""Providers with one fault each, which the conformance suite must find.

Each is the memory provider but for one mistake that real adapters have made.
"""
