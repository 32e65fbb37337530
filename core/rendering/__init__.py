"""Rendering: conditionings in, pictures out. Sees conditionings, never an edit."""
