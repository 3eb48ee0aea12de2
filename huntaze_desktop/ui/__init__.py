"""The window and everything in it that is not a plugin."""
