"""Operations on instances: create, start, stop, resize, snapshots, disks, tags, delete."""
