"""The words of a drill as types: what is declared (drill, target), recorded (history) and concluded (verdict).

Nothing in here touches a disk, a network or a clock.
"""
