"""What a locustfile imports, and nothing else does: importing Locust patches the whole process.

`openloop` makes Locust users open-loop and records every request; without a run around it, it is plain Locust. `ui`
adds the drill to Locust's own web pages, from `story`, which needs no Locust.
"""
