"""Our generator: local in everything, so that what changed can be rendered alone."""
