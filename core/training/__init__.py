"""Training: data, losses, the adversary, the loop, and its presets."""
