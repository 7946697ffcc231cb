"""Anomalies of daily costs: days that cost far more or less than expected, and why."""
