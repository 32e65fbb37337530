"""Which of several methods people prefer: pairs of videos, votes of judges, and what these say."""
