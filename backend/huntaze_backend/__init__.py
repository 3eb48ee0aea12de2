"""The service: accounts, conversations, the send limiter, the dispatcher and the sync engine behind one HTTP API."""
