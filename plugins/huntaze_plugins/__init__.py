"""The pages that ship with Huntaze, written against the public SDK."""
