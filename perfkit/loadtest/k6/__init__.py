"""k6 as a second engine: a script made from the profile, its raw points made into our events."""
