"""Cinder: volumes and their snapshots."""
