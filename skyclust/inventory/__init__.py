"""The inventory: what to read, who reads it when, how it is stored, and how it is queried."""
