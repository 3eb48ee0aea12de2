"""Adapters of the limiter; only the composition root imports them."""
