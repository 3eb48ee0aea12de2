"""Agencies, their members and rights, sign-in, creators, and the connections to platforms."""
