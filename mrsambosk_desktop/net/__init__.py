"""Bytes ⇄ events: dialling a host, one session of frames, the few HTTP requests. Knows no widgets and no tables."""
