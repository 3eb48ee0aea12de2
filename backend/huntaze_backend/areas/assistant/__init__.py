"""The assistant: suggested replies, rewrites, and the knowledge base that both learn from. It sends nothing."""
