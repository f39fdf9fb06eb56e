"""AMQP 1.0 as a server needs it: types, frames, performatives, and the state of connections, sessions and links.

Nothing in here knows sockets, clocks or Service Bus.
"""
