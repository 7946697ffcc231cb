"""Budgets: what a month costs against what was planned, and which thresholds that reaches."""
