"""What the app's window does for the person before it, beside a bare Qt program doing the least of the same.

`scripts/bench-window` runs it: processes start and end (`first`, `scene`, `bare`), print what they measured as JSON,
and `__main__` makes medians and the table of docs/performance.md.
"""
