"""What `build_installer.py` is made of: one module for each thing that goes into `dist/`."""
