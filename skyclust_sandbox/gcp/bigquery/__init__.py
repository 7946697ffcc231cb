"""BigQuery v2 with one table: the FOCUS billing export of the sandbox's billing account."""
