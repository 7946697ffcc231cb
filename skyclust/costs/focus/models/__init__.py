"""The models of FOCUS as JSON, one file a version, made by tests/fixtures/focus_models.py."""
