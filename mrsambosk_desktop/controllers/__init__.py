"""Intents in (send, delete, join), model changes out. They never import widgets: `wiring.py` connects the two."""
