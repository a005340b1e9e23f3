"""The gate's rules: red on a confirmed slowdown, never on noise."""
