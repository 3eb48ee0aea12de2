"""Engines know nothing of agencies' work; each offers a port and hides its adapters."""
