"""Adapters of the gateways, one per kind of platform; only the composition root imports them."""
