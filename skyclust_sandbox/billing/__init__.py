"""A believable bill for the estate of a sandbox cloud, in rows under FOCUS column names."""
