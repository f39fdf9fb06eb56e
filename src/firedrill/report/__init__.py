"""What people read after a drill: the page, the JUnit file, the pipeline summary.

Everything in here is a pure function of (drill, history, verdict): no disk, no network, no clock, and the same
input gives the same bytes. It draws and words what analysis concluded; it never concludes anything itself.
"""
