"""Translation in one word. Names and figures are put in after translating, so that every sentence can be reordered."""

from __future__ import annotations

from datetime import datetime

from PySide6.QtCore import QCoreApplication, QDate, QLocale, QTime

_MINUTE = 60
_HOUR = 3600
_DAY = 86_400


def translate(context: str, text: str) -> str:
    """The translated text; `context` is the widget's name as translators see it.

    Call it with literals: `lupdate` collects them by this function's name.
    """
    return QCoreApplication.translate(context, text)


def dollars(nano_usd: int) -> str:
    """Nano-USD as `$6.42`; in French `6,42 $` with its narrow space."""
    amount = QLocale().toString(nano_usd / 1e9, "f", 2)
    return f"{amount}\u202f$" if QLocale().language() == QLocale.Language.French else f"${amount}"


def clock_time(moment: datetime) -> str:
    """A moment's local time of day in the person's own notation."""
    local = moment.astimezone()
    return QLocale().toString(QTime(local.hour, local.minute), QLocale.FormatType.ShortFormat)


def since_when(moment: datetime, now: datetime) -> str:
    """A moment that is past: "14:36" of today, "6 Mar, 14:36" of another day."""
    local = moment.astimezone()
    if local.date() == now.astimezone().date():
        return clock_time(moment)
    day = QLocale().toString(QDate(local.year, local.month, local.day), "d MMM")
    return translate("Age", "{day}, {time}").format(day=day, time=clock_time(moment))


def age(seconds: float) -> str:
    """How long ago, in the largest whole unit: "4 s", "3 min", "2 h", "5 d"."""
    seconds = max(0.0, seconds)
    if seconds < _MINUTE:
        return translate("Age", "{n} s").format(n=int(seconds))
    if seconds < _HOUR:
        return translate("Age", "{n} min").format(n=int(seconds // _MINUTE))
    if seconds < _DAY:
        return translate("Age", "{n} h").format(n=int(seconds // _HOUR))
    return translate("Age", "{n} d").format(n=int(seconds // _DAY))
