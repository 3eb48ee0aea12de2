"""The layers of the fault bench, one module each."""
