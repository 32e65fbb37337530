"""How good pictures are: distances between what was rendered and what was filmed or asked for."""
