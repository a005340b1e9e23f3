"""`perfkit load`: measure, compare, search, calibrate."""
