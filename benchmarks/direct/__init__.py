"""The direct predictor: pixels from pixels, without labels; painted futures are compared with it, nothing else."""
