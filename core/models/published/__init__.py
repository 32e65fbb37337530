"""The published networks (Wang et al. 2018), exact, and the same made fast."""
