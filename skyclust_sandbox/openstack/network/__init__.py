"""Neutron: networks, subnets, ports, security groups, floating addresses and routers."""
