"""The machine-readable models of FOCUS, one JSON file a version (tests/fixtures/focus_models.py)."""
