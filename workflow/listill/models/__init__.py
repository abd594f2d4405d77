"""Models: where they are found, how they are loaded, on which device, and by which backend."""
