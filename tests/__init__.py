"""The tests; folders mirror the packages, `helpers/` holds what several of them use."""
