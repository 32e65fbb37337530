"""What is behind things that are taken away: maps first, then filmed pixels of other frames."""
