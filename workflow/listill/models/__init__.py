"""Models: where they are stored, how they are loaded, and the device and backend that run them."""
