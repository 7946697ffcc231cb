"""Octavia: load balancers, as far as an inventory reads them."""
