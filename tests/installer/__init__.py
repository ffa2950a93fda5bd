"""Tests of `build_installer.py` and its steps in `scripts/installer`."""
