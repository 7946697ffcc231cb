"""Cinder: volumes, snapshots, volume types and quotas."""
