"""Intents in (send, delete, join), model changes out. Controllers never import widgets: `app.py` connects the two."""
