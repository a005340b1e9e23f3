"""Interpreters and isolated environments."""
