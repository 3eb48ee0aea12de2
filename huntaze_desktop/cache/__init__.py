"""The encrypted local store: what the server said, what this person has not sent yet, and the queries over both."""

from huntaze_desktop.cache.errors import (
    CacheCorruptError,
    CacheError,
    ProfileInUseError,
    SqliteTooOldError,
    WrongKeyError,
)
from huntaze_desktop.cache.store import Cache, CacheKey, open_cache
from huntaze_desktop.cache.touched import Touched

__all__ = [
    "Cache",
    "CacheCorruptError",
    "CacheError",
    "CacheKey",
    "ProfileInUseError",
    "SqliteTooOldError",
    "Touched",
    "WrongKeyError",
    "open_cache",
]
