"""The Prefect UI in a real browser."""
