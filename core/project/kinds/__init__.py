"""The kinds of edit, each in one place."""
