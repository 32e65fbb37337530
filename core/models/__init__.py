"""Networks: the published generator, ours, encoder and discriminators; they read like the paper."""
