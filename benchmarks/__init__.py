"""Measurements of SkyClust: `python -m benchmarks` prints them as JSON."""
