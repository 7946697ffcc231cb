"""A Proxmox VE cluster of three nodes, on this machine."""
