"""Views: what a person sees of a run, computed from its documents; painters in callbacks/ draw them.

They never know a terminal, matplotlib, a device or the engine.
"""
