"""The sandbox of Microsoft.Compute: virtual machines, disks, snapshots and images."""
