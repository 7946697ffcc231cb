"""The seeded resources of the sandbox Azure."""
