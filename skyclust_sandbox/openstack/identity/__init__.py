"""Keystone: tokens with a catalog, and who and what there is."""
