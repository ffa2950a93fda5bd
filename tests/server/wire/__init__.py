"""A black-box suite: what `docs/protocol.md` promises, asked of a real host process over real sockets."""
