"""Rows for Qt's views: what there is to show, never how it looks."""
