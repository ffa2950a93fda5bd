"""What the app knows without sockets, disk or pixels."""
