"""Limits: how many messages may leave, exactly, behind a port with adapters."""
