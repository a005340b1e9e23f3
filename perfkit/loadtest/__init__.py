"""Load profiles run by an engine of its own: services, generators, samples."""
