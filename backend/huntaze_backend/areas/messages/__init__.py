"""Messages: conversations, the timeline, sending, and what comes in from the platform."""
