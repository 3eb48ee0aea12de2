"""Gateways: reading from a platform and sending to it, two ports, so that who reads cannot send."""
