"""The sandbox Proxmox VE: a cluster of three nodes, imitated locally."""
