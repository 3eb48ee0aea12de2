"""Frozen dataclasses and pure rules: no Qt, no I/O."""
