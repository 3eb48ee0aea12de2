"""The composition root: builds every object of the desktop once and takes them down in order. No globals."""
