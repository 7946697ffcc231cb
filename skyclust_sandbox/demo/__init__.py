"""The demo: real commands on five sandbox clouds, and checks of their results."""
