"""Features of windows of frames, by video networks, for the video Fréchet distance."""
