"""Compliance: the rules in force for an agency and a creator, and the check that every outgoing text passes."""
