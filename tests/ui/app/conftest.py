"""The whole desktop in this process: a window, a profile in a folder, secrets in memory, and a player on the window."""

import asyncio
import contextlib
import socket
import threading
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import TypeVar

import psutil
import pytest
from PySide6.QtCore import QCoreApplication, QEvent
from PySide6.QtWidgets import QAbstractButton, QApplication, QLineEdit, QWidget

from huntaze_desktop.app.desktop import Desktop
from huntaze_desktop.app.options import DesktopOptions
from huntaze_desktop.app.own import DemoSettings
from huntaze_desktop.app.profile import Profile
from huntaze_desktop.app.secrets import MemorySecrets, Secrets
from huntaze_desktop.demo.hands import Hands
from huntaze_desktop.ui.bridge import GuiLoop
from huntaze_desktop.ui.error_page import ErrorPage
from huntaze_desktop.ui.sign_in import SignInPage
from huntaze_desktop.ui.window import MainWindow
from huntaze_desktop.ui_kit.theme import Look
from huntaze_desktop.ui_kit.theme_manager import ThemeManager
from tests.helpers.agency import Agency
from tests.helpers.peer import Peer, serving

EMAIL, PASSWORD = "iris@example.com", "correct horse"
SOON_S = 40.0
"""Much longer than anything takes: a service starts in 2 s on a quiet machine and in 8 s on a busy one."""

Page = TypeVar("Page", bound=QWidget)
Script = Callable[["Seat"], Awaitable[None]]


class Seat:
    """One person in front of the desktop: what they see, type and click."""

    def __init__(self, desktop: Desktop) -> None:
        self.desktop = desktop
        self.window = desktop.window
        self.hands = Hands(desktop.window, None)

    @property
    def connection(self) -> str:
        return self.desktop.workplace.engine.connection.value.state.value

    async def sees(self, page: type[Page]) -> Page:
        """Wait until a page covers the window."""
        await self.hands.until(lambda: isinstance(self.window.cover, page), SOON_S, f"{page.__name__} on the screen")
        shown = self.window.cover
        assert isinstance(shown, page)
        return shown

    async def sees_error(self, code: str) -> ErrorPage:
        def shown() -> bool:
            page = self.window.cover
            return isinstance(page, ErrorPage) and page.view.code == code

        await self.hands.until(shown, SOON_S, f"the error {code}")
        return await self.sees(ErrorPage)

    async def works(self) -> None:
        """Wait until the member's workplace is shown, with nothing over it."""

        def shown() -> bool:
            return self.desktop.ready.is_set() and self.window.cover is None

        await self.hands.until(shown, SOON_S, "the workplace")

    async def write(self, name: str, text: str) -> None:
        field = await self.hands.wait_for(QLineEdit, name)
        await self.hands.clear(field)
        await self.hands.type(field, text)

    async def click(self, name: str) -> None:
        await self.hands.click(await self.hands.wait_for(QAbstractButton, name))

    async def until(self, condition: Callable[[], bool], what: str) -> None:
        await self.hands.until(condition, SOON_S, what)

    async def sign_in(self, server: str = "", password: str = PASSWORD, email: str = EMAIL) -> None:
        """Fill in the form and press the button; what comes of it is the caller's to see."""
        page = await self.sees(SignInPage)
        # The cache opens behind the page.
        await self.until(lambda: self.desktop.is_open, "the opened profile")
        await self.write("sign_in.email", email)
        await self.write("sign_in.password", password)
        if server:
            if not page.server.isVisible():
                await self.click("sign_in.server_toggle")
            await self.write("sign_in.server", server)
        await self.click("sign_in.submit")


class Desk:
    """A computer with one profile on it, on which the desktop can be started again and again."""

    def __init__(self, app: QApplication, home: Path) -> None:
        self._app = app
        self.home = home
        self.secrets: Secrets | None = MemorySecrets()
        """None: the desktop finds them itself."""

    @property
    def profile(self) -> Profile:
        return Profile.open("default", self.home)

    def start(self, script: Script, *, server: str | None = None, demo: DemoSettings | None = None) -> int:
        """Start the desktop, let the script play on it, close it; returns the exit code."""
        theme = ThemeManager(self._app, "light", look=Look(less_motion=True))
        window = MainWindow(theme, version="0.1.0")
        options = DesktopOptions(home=self.home, server=server, demo=demo)
        desktop = Desktop(self._app, window, theme, self.profile, options, self.secrets)
        desktop.show()

        async def play(shown: Desktop) -> None:
            await script(Seat(shown))

        try:
            return GuiLoop(self._app).run(desktop.run(play))
        finally:
            window.close_for_good()
            window.deleteLater()
            QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)


def services_running() -> list[str]:
    """The command lines of the services that this process started; other tests may have a database running."""
    found = []
    for child in psutil.Process().children(recursive=True):
        with contextlib.suppress(psutil.Error):
            found.append(" ".join(child.cmdline()))
    return [line for line in found if "huntaze_cli" in line]


@contextlib.contextmanager
def port_held(port: int) -> Iterator[None]:
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        other.bind(("127.0.0.1", port))
        other.listen()
        yield


@pytest.fixture
def desk(qapp: QApplication, tmp_path: Path) -> Desk:
    return Desk(qapp, tmp_path / "home")


class Server:
    """The scripted backend on a thread of its own, because the desktop has this one."""

    def __init__(self) -> None:
        self.agency = Agency()
        self.peer = Peer(self.agency)
        self.url = ""
        self._up = threading.Event()
        self._loop = asyncio.new_event_loop()
        self._end = asyncio.Event()
        self._thread = threading.Thread(target=self._run, name="peer")

    def start(self) -> None:
        self._thread.start()
        assert self._up.wait(SOON_S)

    def stop(self) -> None:
        """End it and drop every connection; harmless when it has ended."""
        if not self._thread.is_alive():
            return
        self._loop.call_soon_threadsafe(self._end.set)
        self._thread.join()

    def _run(self) -> None:
        with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
            runner.run(self._serve())

    async def _serve(self) -> None:
        async with serving(self.peer.app()) as port:
            self.url = f"http://127.0.0.1:{port}"
            self._up.set()
            await self._end.wait()


@pytest.fixture
def server() -> Iterator[Server]:
    server = Server()
    server.start()
    yield server
    server.stop()
