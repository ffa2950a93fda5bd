"""Numbered schema steps. A step, once released, is never edited: the next change is the next number."""

from . import m0001_one_room, m0002_invites

MIGRATIONS = (m0001_one_room, m0002_invites)
