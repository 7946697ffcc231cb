"""Providers that cannot be used, each for a reason of its own."""
