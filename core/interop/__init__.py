"""Other people's formats, converted to ours and nothing else."""
