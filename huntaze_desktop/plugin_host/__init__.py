"""Discovery, lifecycle and fault guard of plugins; implements the sdk's `ctx` over the engine."""
