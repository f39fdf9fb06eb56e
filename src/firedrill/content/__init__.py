"""Reads what people write: drills, experiments, targets, settings. Every complaint names the file and the line.

Nothing in here runs a drill, imports a probe or reaches a network.
"""
