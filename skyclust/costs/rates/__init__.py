"""Dated rates of currencies: read from files, and kept for a workspace."""
