"""The future of a clip: maps of frames to come."""
