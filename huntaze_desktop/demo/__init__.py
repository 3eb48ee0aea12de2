"""The demo: a scripted chatter plays a shift on the desktop by clicks and keys; the platform's journal judges it."""
