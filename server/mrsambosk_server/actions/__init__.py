"""The rules: one file a noun. ``do_x(tx, actor, command)`` checks and writes inside the writer's transaction.

An action gives an `Outcome` or raises `Refused`; it never awaits, and nobody is told before the commit.
"""
