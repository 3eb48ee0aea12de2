"""What can go wrong with the local store. None of these ever deletes a file: unsent messages may be in it.

CacheError
+-- WrongKeyError        the key does not open the file
+-- CacheCorruptError    the file is damaged
+-- ProfileInUseError    another process works in the same profile
+-- SqliteTooOldError    this SQLite can corrupt a write-ahead log
"""


class CacheError(Exception):
    """Base of all errors of the local store."""


class WrongKeyError(CacheError):
    """The key does not open the file. Move the file aside rather than deleting it: the key may come back."""


class CacheCorruptError(CacheError):
    """The file is damaged. The server can refill what it had; unsent messages may be lost."""


class ProfileInUseError(CacheError):
    """Another process has this profile open."""


class SqliteTooOldError(CacheError):
    """SQLite 3.7.0 to 3.51.2 can corrupt a write-ahead log when it is reset; fixed in 3.51.3."""
