"""A value that lives on the GUI thread and tells its listeners when it changes: the simplest `LiveView`."""

from collections.abc import Callable
from typing import Generic, TypeVar

__all__ = ["LocalValue"]

Value = TypeVar("Value")


class LocalValue(Generic[Value]):
    """Implements `sdk.LiveView` for state of the window itself, such as the chosen creator."""

    def __init__(self, value: Value) -> None:
        self._value = value
        self._listeners: list[Callable[[Value], None]] = []

    @property
    def value(self) -> Value:
        return self._value

    def set(self, value: Value) -> None:
        if value == self._value:
            return
        self._value = value
        for listener in list(self._listeners):
            listener(value)

    def subscribe(self, listener: Callable[[Value], None]) -> Callable[[], None]:
        self._listeners.append(listener)
        listener(self._value)

        def unsubscribe() -> None:
            if listener in self._listeners:
                self._listeners.remove(listener)

        return unsubscribe

    def close(self) -> None:
        self._listeners.clear()
