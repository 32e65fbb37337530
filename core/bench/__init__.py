"""Measurements of speed and of what it costs, each against the plain way of doing the same."""
