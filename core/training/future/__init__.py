"""Training of the network that predicts the maps of frames to come."""
