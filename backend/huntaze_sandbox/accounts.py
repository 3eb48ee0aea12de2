"""The creators of the sandbox and their vaults, read from the package's data; ids depend on the seed alone."""

import hashlib
from typing import Any

from huntaze_sandbox.clock import DAY_MS
from huntaze_sandbox.lines import read_data
from huntaze_sandbox.model import Account, Media, MediaSet

FIRST_MEDIA_ID = 4_100_000_001


def make_accounts(seed: int, now_ms: int) -> list[Account]:
    """Make the accounts with full vaults and no fans yet."""
    accounts = []
    next_media = FIRST_MEDIA_ID
    for number, row in enumerate(read_data("accounts.toml")["account"]):
        digest = hashlib.sha256(f"{seed}:{row['username']}".encode()).hexdigest()
        account = Account(
            id="acct_" + digest[:24],
            number=number,
            platform_id=90_000_000 + int(digest[24:30], 16),
            username=row["username"],
            name=row["name"],
            timezone=row["timezone"],
            theme=row["theme"],
            price=row["subscription_cents"],
        )
        next_media = _fill_vault(account, row["sets"], next_media, now_ms)
        accounts.append(account)
    return accounts


def fan_shares() -> list[float]:
    """Which part of all fans follows each account, in the accounts' order."""
    return [float(row["share"]) for row in read_data("accounts.toml")["account"]]


def _fill_vault(account: Account, rows: list[list[Any]], next_media: int, now_ms: int) -> int:
    for place, (title, photos, videos, seconds, dollars) in enumerate(rows):
        created = now_ms - (len(rows) - place) * 9 * DAY_MS
        first = next_media
        for part in range(photos + videos):
            video = part >= photos
            # A second video of a set is a little shorter than the one it is announced with.
            duration = seconds * (10 - (part - photos)) // 10 if video else None
            kind = "video" if video else "photo"
            account.vault[next_media] = Media(next_media, kind, title, duration, created + part * 1_000)
            next_media += 1
        account.sets.append(MediaSet(title, dollars * 100, tuple(range(first, next_media))))
    return next_media
