"""Neutron: networks, subnets, ports, security groups, floating IPs and routers."""
