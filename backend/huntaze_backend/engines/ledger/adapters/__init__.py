"""Adapters of the ledger; only the composition root imports them."""
