"""Painted futures: what `python -m benchmarks.painted_futures` compares, and its figures."""
