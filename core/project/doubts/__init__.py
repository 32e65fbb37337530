"""Doubts: places where labels or objects of a clip may be wrong, for a person to look at."""
