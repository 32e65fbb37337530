"""The page on which judges say which of two videos they prefer: a program of its own, over a study's folder."""
