"""Glance: the images of the operator and of projects."""
