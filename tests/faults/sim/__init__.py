"""The simulations of the fault bench: worlds in virtual time, and the state machines that chance drives."""
