"""What must be equal on both sides of the wire: ids, the states of an outgoing message, the wire's models."""
