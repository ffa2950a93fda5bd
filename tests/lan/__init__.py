"""Hosts and apps on networks of their own: namespaces of one machine, joined by a bridge. Needs root and Linux."""
