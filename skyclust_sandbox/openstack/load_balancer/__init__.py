"""Octavia: load balancers, as far as an inventory needs them."""
