"""The desktop's story: unlock, open the cache, sign in or enter the demo, work, close. One coroutine."""

import asyncio
import gc
import importlib
import logging
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from importlib.metadata import version
from typing import TYPE_CHECKING, cast, get_args

from PySide6.QtWidgets import QApplication, QWidget

from huntaze_desktop.app.options import DesktopOptions
from huntaze_desktop.app.own import DemoSettings, Owner
from huntaze_desktop.app.profile import Profile, Settings
from huntaze_desktop.app.secrets import Secrets
from huntaze_desktop.app.shell import Shell
from huntaze_desktop.app.unlock import unlock
from huntaze_desktop.ui import error_page
from huntaze_desktop.ui.bridge import GuiPost, Tasks
from huntaze_desktop.ui.error_page import ErrorPage
from huntaze_desktop.ui.set_up import SetUpPage
from huntaze_desktop.ui.sign_in import SignInPage
from huntaze_desktop.ui.state import Credentials, ErrorView, NewAgency
from huntaze_desktop.ui.window import MainWindow
from huntaze_desktop.ui.words import translate
from huntaze_desktop.ui_kit.theme_manager import ThemeChoice, ThemeManager

if TYPE_CHECKING:  # these bring SQLAlchemy, httpx2 and pydantic: imported in a thread after the first paint
    from huntaze_desktop.app.local_services import LocalServices
    from huntaze_desktop.app.workplace import Workplace
    from huntaze_desktop.model.connection import Connection

__all__ = ["Desktop"]

log = logging.getLogger(__name__)

HEAVY = (
    "huntaze_desktop.app.workplace",
    "huntaze_desktop.app.local_services",
    "huntaze_desktop.app.demo_agency",
    "huntaze_plugins.messages",
    "huntaze_plugins.approvals",
)


class Desktop:
    """Owns the order of things; what each thing does is in the modules it calls."""

    def __init__(
        self,
        app: QApplication,
        window: MainWindow,
        theme: ThemeManager,
        profile: Profile,
        options: DesktopOptions,
        secrets: Secrets | None = None,
    ) -> None:
        self._app = app
        self.window = window
        self._theme = theme
        self._profile = profile
        self._options = options
        self._given_secrets = secrets
        self._secrets: Secrets | None = None
        self._post = GuiPost()
        self._tasks = Tasks(self._task_failed)
        self._plugin_tasks = Tasks(self._task_failed)
        """Apart from the desktop's own: these may end their work when the window closes."""
        self._shell = Shell(window, theme)
        self._closing = asyncio.Event()
        self._recovering = asyncio.Lock()
        self._opened = asyncio.Event()
        """Set while the profile's local copy is open; the sign-in page is there before."""
        self._workplace: Workplace | None = None
        self.services: LocalServices | None = None
        self._sign_in: SignInPage | None = None
        self.ready = asyncio.Event()
        """Set when the window shows a member's workplace."""
        self.first_paint_at: float | None = None
        """Wall clock, seconds since the epoch."""
        window.close_requested.connect(self._closing.set)
        window.theme_selected.connect(self._choose_theme)
        window.sign_out_requested.connect(lambda: self._tasks.spawn(self._sign_out()))

    @property
    def workplace(self) -> "Workplace":
        if self._workplace is None:
            raise RuntimeError("nobody is signed in")
        return self._workplace

    @property
    def is_open(self) -> bool:
        """Whether the profile is unlocked and its local copy open."""
        return self._workplace is not None and self._workplace.is_open

    def show(self) -> None:
        """Put the window on the screen, before anything heavy is imported."""
        if self._settings().mode is None and self._options.server is None:
            self._show_sign_in()
            if self._options.demo is not None:
                self._demo_progress(translate("Demo", "Starting the service"), None)
        self.window.show()
        self._app.processEvents()
        self.first_paint_at = time.time()

    async def run(self, companion: Callable[["Desktop"], Awaitable[None]] | None = None) -> int:
        """Live until the window is closed; returns the exit code."""
        try:
            self._tasks.spawn(self._story())
            if companion is not None:
                await self._accompanied(companion)
            else:
                await self._closing.wait()
            return 0
        finally:
            await self._close()
            # What was frozen is ours again: the window of a process that opens another one must not stay for good.
            gc.unfreeze()

    async def _accompanied(self, companion: Callable[["Desktop"], Awaitable[None]]) -> None:
        closing = asyncio.ensure_future(self._closing.wait())
        playing = asyncio.ensure_future(companion(self))
        await asyncio.wait({closing, playing}, return_when=asyncio.FIRST_COMPLETED)
        closing.cancel()
        if playing.done():
            await playing
        else:
            playing.cancel()
            await asyncio.gather(playing, return_exceptions=True)

    # --- the story ----------------------------------------------------------------------------------------------

    async def _story(self) -> None:
        for module in HEAVY:
            await asyncio.to_thread(importlib.import_module, module)
        # What was imported stays for good: looking through it again and again stops the GUI thread for 50 ms and more.
        gc.freeze()
        if self._secrets is None:
            self._secrets = self._given_secrets or await unlock(self._profile, self._options, self._theme, self._cover)
        if self._secrets is None:
            self._closing.set()
            return
        await self._open_profile()

    async def _open_profile(self) -> None:
        from huntaze_desktop.app.workplace import Workplace, open_profile_cache
        from huntaze_desktop.cache import CacheError, ProfileInUseError, WrongKeyError

        secrets = self._required_secrets()
        try:
            cache = await asyncio.to_thread(open_profile_cache, self._profile, secrets)
        except WrongKeyError as error:
            self._fail(error_page.wrong_cache_key(str(error)), self._open_profile, reset=self._set_cache_aside)
            return
        except ProfileInUseError as error:
            self._fail(error_page.profile_in_use(str(error)), self._open_profile)
            return
        except CacheError as error:
            self._fail(error_page.cache_damaged(str(error)), self._open_profile, reset=self._set_cache_aside)
            return
        workplace = Workplace(self.window, self._shell, self._plugin_tasks, plugins=self._options.plugins)
        self._workplace = workplace
        engine = await workplace.open(cache, secrets, self._post.post, keep=lambda: self._settings().keep_signed_in)
        self._opened.set()
        if engine.me.id and self._settings().keep_signed_in:
            self._show_workplace()
        # After that: whose sign-in is gone already is then asked again.
        engine.connection.subscribe(self._watch_connection)
        await self._connect()

    async def _connect(self) -> None:
        """Bring up whatever this profile's backend needs, or ask who is there."""
        settings = self._settings()
        demo = self._options.demo or (DemoSettings() if settings.mode == "demo" else None)
        if demo is not None:
            await self._start_demo(demo)
        elif settings.mode == "own":
            await self._start_own()
        elif self._options.server or settings.server_url:
            self.workplace.engine.set_server(self._options.server or settings.server_url)
            self._ask_who_is_there()
        else:
            self._ask_who_is_there()

    # --- the demo agency ----------------------------------------------------------------------------------------

    async def _start_demo(self, demo: DemoSettings) -> None:
        from huntaze_desktop.app.children import ChildFailedError
        from huntaze_desktop.app.demo_agency import FillFailedError, Filling, fill
        from huntaze_desktop.model.connection import ConnectionState
        from huntaze_desktop.sdk import SdkError

        await self._opened.wait()
        known = bool(self.workplace.engine.me.id)
        self._ask_who_is_there()
        self._demo_progress(translate("Demo", "Starting the service"), None)
        services = self._services()
        try:
            connection = await services.start_sandbox(demo)
            owner = await services.demo_owner()
            address = await services.start_backend(owner, demo)
            engine = self.workplace.engine
            engine.set_server(address)
            if not known or engine.connection.value.state is ConnectionState.SIGNED_OUT:
                await engine.sign_in(owner.email, owner.password)
            self._save(replace(self._settings(), mode="demo", email=owner.email))

            def tell(filling: Filling) -> None:
                words = translate("Demo", "Reading the history: {n} messages").format(n=filling.messages)
                total = filling.conversations_total
                self._demo_progress(words, filling.conversations_done / total if total else None)

            await fill(engine, connection, tell)
        except (ChildFailedError, FillFailedError, SdkError) as error:
            log.warning("the demo agency could not be started: %s", error)
            await services.stop()
            self._fail(_start_error(error), lambda: self._start_demo(demo))
            return
        self._demo_progress("", None)
        self._show_workplace()

    def _demo_progress(self, text: str, fraction: float | None) -> None:
        if self._sign_in is not None:
            self._sign_in.set_demo_progress(text, fraction)

    # --- signing in ---------------------------------------------------------------------------------------------

    def _ask_who_is_there(self) -> None:
        """The sign-in page, unless somebody is known or tells it already: what is typed must stay."""
        known = self.workplace.engine.me.id and self._settings().keep_signed_in
        if not known and not isinstance(self.window.cover, SignInPage | SetUpPage):
            self._show_sign_in()

    def _show_sign_in(self, problem: str = "") -> None:
        page = SignInPage(self._theme, version=version("huntaze"))
        settings = self._settings()
        page.set_email(settings.email or "")
        page.set_server(self._options.server or settings.server_url or "")
        page.submitted.connect(lambda form: self._tasks.spawn(self._submit(form)))
        page.demo_requested.connect(lambda: self._tasks.spawn(self._start_demo(DemoSettings())))
        page.set_up_requested.connect(self._show_set_up)
        self._cover(page)
        self._sign_in = page
        if problem:
            page.show_error(problem)

    async def _submit(self, form: Credentials) -> None:
        """The sign-in form: a server's address, or this computer's own backend."""
        from huntaze_desktop.app.children import ChildFailedError
        from huntaze_desktop.sdk import SdkError

        page = self._sign_in
        if page is None:
            return
        await self._opened.wait()
        # Before the sign-in, whose token is kept or not by it.
        self._save(replace(self._settings(), keep_signed_in=form.keep))
        try:
            if form.server:
                self.workplace.engine.set_server(form.server)
            elif self._settings().mode == "own" or self._profile.backend_folder.exists():
                self.workplace.engine.set_server(await self._services().start_backend(None))
            else:
                page.show_error(
                    translate(
                        "SignIn",
                        "There is no agency on this computer yet. Enter your server's address, set one up, or try the "
                        "demo.",
                    )
                )
                return
            await self.workplace.engine.sign_in(form.email, form.password)
        except (SdkError, ChildFailedError) as error:
            # An error page may have taken its place, as for a server of another version.
            if self._sign_in is page:
                page.show_error(error.text if isinstance(error, SdkError) else str(error))
            return
        mode, server_url = ("server", form.server) if form.server else ("own", None)
        self._save(replace(self._settings(), mode=mode, server_url=server_url, email=form.email))
        self._show_workplace()

    def _show_set_up(self) -> None:
        page = SetUpPage(self._theme)
        page.submitted.connect(lambda form: self._tasks.spawn(self._set_up(page, form)))
        page.rejected.connect(self._back_to_sign_in)
        self._cover(page)

    def _back_to_sign_in(self) -> None:
        self._show_sign_in()

    async def _set_up(self, page: SetUpPage, form: NewAgency) -> None:
        from huntaze_desktop.app.children import ChildFailedError
        from huntaze_desktop.sdk import SdkError

        await self._opened.wait()
        owner = Owner(name=form.name, email=form.email, password=form.password, agency=form.agency)
        try:
            self.workplace.engine.set_server(await self._services().start_backend(owner))
            await self.workplace.engine.sign_in(form.email, form.password)
        except (SdkError, ChildFailedError) as error:
            if self.window.cover is page:
                page.show_error(error.text if isinstance(error, SdkError) else str(error))
            return
        self._save(replace(self._settings(), mode="own", server_url=None, email=form.email, keep_signed_in=True))
        self._show_workplace()

    async def _start_own(self) -> None:
        from huntaze_desktop.app.children import ChildFailedError

        try:
            self.workplace.engine.set_server(await self._services().start_backend(None))
        except ChildFailedError as error:
            self._fail(_start_error(error), self._start_own)
            return
        if isinstance(self.window.cover, ErrorPage):
            self._cover(None)
        self._ask_who_is_there()

    # --- signing out and closing ----------------------------------------------------------------------------------

    async def _sign_out(self) -> None:
        from huntaze_desktop.app.signing_out import confirm_loss, wipe

        engine = self.workplace.engine
        waiting = engine.connection.value
        unsent, changes = waiting.outbox + waiting.failures, waiting.changes
        if (unsent or changes) and not await confirm_loss(self.window, self._theme, unsent, changes):
            return
        self.ready.clear()
        self._opened.clear()
        await engine.sign_out()
        await self.workplace.close()
        if self.services is not None:
            await self.services.stop()
        await asyncio.to_thread(wipe, self._profile, self._required_secrets())
        self.window.set_person(None)
        self._save(replace(self._settings(), mode=None if self._settings().mode == "demo" else self._settings().mode))
        self._options = replace(self._options, demo=None)
        self._show_sign_in()
        await self._open_profile()

    async def _close(self) -> None:
        """Take everything down in the order in which nothing waits for something that is gone already."""
        self.window.setEnabled(False)
        self.ready.clear()
        # The story first: going on, it would open what is closed here and start the next service.
        await self._tasks.cancel_all()
        if self._workplace is not None:
            await self._workplace.close()
        await self._plugin_tasks.cancel_all()
        if self.services is not None:
            await self.services.stop()
        self._post.close()

    # --- small things ---------------------------------------------------------------------------------------------

    def _show_workplace(self) -> None:
        self.workplace.show()
        self._cover(None)
        self.ready.set()

    def _cover(self, page: QWidget | None) -> None:
        self._sign_in = None
        self.window.set_cover(page)
        if page is not None:
            page.setFocus()

    def _watch_connection(self, connection: "Connection") -> None:
        from huntaze_desktop.model.connection import ConnectionState

        if connection.state is ConnectionState.REFUSED:
            view = error_page.refused_version(connection.detail or "")
            self._fail(view, self._nudge)
        elif connection.state is ConnectionState.SIGNED_OUT and (self.ready.is_set() or self._refusal_is_shown()):
            self.ready.clear()
            self._show_sign_in(connection.detail or "")
        elif connection.state is ConnectionState.ONLINE and isinstance(self.window.cover, ErrorPage):
            self._show_workplace()

    def _refusal_is_shown(self) -> bool:
        page = self.window.cover
        return isinstance(page, ErrorPage) and page.view.code == error_page.REFUSED_VERSION

    async def _nudge(self) -> None:
        self.workplace.engine.nudge()

    def _fail(
        self,
        view: ErrorView,
        again: Callable[[], Awaitable[None]],
        reset: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        """Show what happened, what is safe and what to do, with the way to try again."""
        shown = self.window.cover
        if isinstance(shown, ErrorPage) and shown.view == view:
            return
        page = ErrorPage(self._theme, view)
        page.retry_requested.connect(lambda: self._tasks.spawn(self._recover(page, again)))
        page.quit_requested.connect(self._closing.set)
        if reset is not None:
            page.reset_requested.connect(lambda: self._tasks.spawn(self._recover(page, reset)))
        self._cover(page)

    async def _recover(self, page: ErrorPage, work: Callable[[], Awaitable[None]]) -> None:
        """One at a time, and only while the error stands: a second click must not undo what the first one opened."""
        async with self._recovering:
            if self.window.cover is page:
                await work()

    async def _set_cache_aside(self) -> None:
        """Keep the file that cannot be opened under another name, and begin an empty one."""
        from huntaze_desktop.app.signing_out import set_cache_aside

        aside = await asyncio.to_thread(set_cache_aside, self._profile, self._required_secrets())
        log.warning("the local copy could not be opened and was set aside as %s", aside)
        await self._open_profile()
        kept = translate("StartError", "The old copy, with what was not sent, is kept as {name}.")
        self.window.toasts.show(kept.format(name=aside))

    def _services(self) -> "LocalServices":
        from huntaze_desktop.app.local_services import LocalServices

        if self.services is None:
            self.services = LocalServices(self._profile, self._required_secrets(), self._backend_changed)
        return self.services

    def _backend_changed(self, running: bool) -> None:
        if running and self.is_open:
            self.workplace.engine.nudge()

    def _required_secrets(self) -> Secrets:
        if self._secrets is None:
            raise RuntimeError("the profile is locked")
        return self._secrets

    def _settings(self) -> Settings:
        return self._profile.settings()

    def _save(self, settings: Settings) -> None:
        self._profile.save(settings)

    def _choose_theme(self, choice: str) -> None:
        if choice in get_args(ThemeChoice):
            self._theme.set_choice(cast("ThemeChoice", choice))
            self._save(replace(self._settings(), theme=choice))

    def _task_failed(self, error: BaseException) -> None:
        log.error("a task of the desktop failed", exc_info=error)
        if self._workplace is None or not self.ready.is_set():
            self._fail(error_page.service_failed(f"{type(error).__name__}: {error}"), self._begin_again)

    async def _begin_again(self) -> None:
        """From the start, as if the window had just been opened: nothing half-open may stand in the way."""
        self._opened.clear()
        if self._workplace is not None:
            await self._workplace.close()
        if self.services is not None:
            await self.services.stop()
        await self._story()


def _start_error(error: Exception) -> ErrorView:
    code = getattr(error, "code", None)
    if code == "PORT_TAKEN":
        return error_page.port_taken("127.0.0.1", str(error))
    if code == "WRONG_KEY":
        return error_page.wrong_database_key(str(error))
    return error_page.service_failed(str(error))
