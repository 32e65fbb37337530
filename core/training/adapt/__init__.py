"""Learning a clip: a checkpoint is tuned on the clip's own film."""
