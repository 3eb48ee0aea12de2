"""A simulated subscription platform with its own HTTP API: the witness of all tests. It imports no package of ours."""
