"""Labels of pictures that have none, by a network."""
