"""Operations on resources that nothing uses: deleting disks, addresses and snapshots."""
