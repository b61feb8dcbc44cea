"""Publishers' data sets: the registry, the lock, and bringing raw files in."""
