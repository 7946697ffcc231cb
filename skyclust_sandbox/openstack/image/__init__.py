"""Glance: images, those of the operator and those that projects make."""
