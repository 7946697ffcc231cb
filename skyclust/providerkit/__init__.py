"""Shared code of the providers: checks of endpoints, fields, answers and pages; polling; errors."""
