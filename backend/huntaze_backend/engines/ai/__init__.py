"""The AI orchestrator: which model answers, what happens when it does not, and that every attempt is paid for once."""
