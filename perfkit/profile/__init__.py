"""Load profiles: what is sent when, as pure functions of elapsed time."""
