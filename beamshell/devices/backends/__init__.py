"""Backends: one small file for each control system that signals can speak."""
