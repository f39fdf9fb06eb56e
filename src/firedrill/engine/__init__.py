"""Runs a drill and writes down what happens; computes nothing. What it means is decided in `firedrill.analysis`."""
