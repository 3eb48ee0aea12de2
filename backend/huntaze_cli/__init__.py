"""The `huntaze` command. Verbs import what they need when they run; nobody imports this package."""
