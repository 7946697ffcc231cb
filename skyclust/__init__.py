"""SkyClust: an open multi-cloud control plane on Prefect."""

__version__ = "0.1.0"
