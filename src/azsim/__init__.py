"""The rehearsal stage: a stand-in for the Azure that a system runs on, two regions on one machine.

The official SDKs talk to it over TLS. Underneath are real PostgreSQL servers and real processes, so that what a drill
breaks is really broken. It speaks no more of Azure than drills need and says so, loudly, when asked for anything else.
"""
