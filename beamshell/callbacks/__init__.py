"""Callbacks: what a person looks at while documents arrive."""
