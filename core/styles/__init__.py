"""Looks: style codes encoded from a clip, and mixtures per class to draw new ones from."""
