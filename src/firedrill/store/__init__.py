"""A run is a directory: this package writes and reads it, and knows the name of every file in it."""
