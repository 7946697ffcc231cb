"""FOCUS records: the columns of each version, how rows are read, and how they are written."""
