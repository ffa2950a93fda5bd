"""The host: keeps a room and serves it. Nothing here imports Qt."""
