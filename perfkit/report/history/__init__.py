"""A history in words and pictures: a view, then one renderer a file."""
