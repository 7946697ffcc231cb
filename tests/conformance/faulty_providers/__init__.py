"""Providers with one fault each, planted to see the conformance suite find it.

Each is the memory provider but for one mistake that real adapters have made.
"""
