"""Parts of `benchmarks/routes.py`: who posts, and what the outside sees of it."""
