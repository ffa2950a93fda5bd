"""The desktop app: a window on a room."""
