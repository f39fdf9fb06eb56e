"""Parts of `benchmarks/soak.py`: who writes, what is killed, what must hold afterwards."""
