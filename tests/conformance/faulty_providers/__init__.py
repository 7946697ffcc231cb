"""Providers with one fault each, which the conformance suite must find.

Each is the memory provider with one mistake of real adapters.
"""
