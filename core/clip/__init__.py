"""Clips: values that check themselves, the native format, and video files."""
