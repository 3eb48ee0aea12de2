"""Fans, and what the team knows of them: notes, tags, transactions."""
