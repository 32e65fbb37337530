"""Projects: a clip plus edits, folded into conditionings; history, motion of masks, and the disk."""
