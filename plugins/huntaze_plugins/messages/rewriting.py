"""Saying what stands in the composer in another way: rewritten, in a tone, in a language; and taking that back."""

from __future__ import annotations

from functools import partial
from typing import Protocol

from PySide6.QtWidgets import QHBoxLayout, QWidget

from huntaze_desktop.sdk import Context, ConversationRow, RewriteKind, SdkError
from huntaze_desktop.ui_kit.buttons import IconButton
from huntaze_desktop.ui_kit.popover import Menu
from huntaze_desktop.ui_kit.theme_manager import ThemeManager
from huntaze_desktop.ui_kit.tooltip import explain_disabled, explain_enabled
from huntaze_plugins.messages.words import cost_text, language_name, tone_name, tr

TONES = ("warm", "playful", "short", "polite")
LANGUAGES = ("en", "fr", "es", "de", "it", "pt")
_TOPIC = "messages.rewrite"


class RewriteTools(QWidget):
    """The two buttons in the composer's foot, and their menus."""

    def __init__(self, theme: ThemeManager) -> None:
        super().__init__()
        self.tone = IconButton(theme, "wand-sparkles", tr("Rewrite, or in another tone (Alt+R)"), size=28)
        self.tone.setObjectName("messages.rewrite")
        self.translate = IconButton(theme, "languages", tr("Translate"), size=28)
        self.translate.setObjectName("messages.translate")
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(2)
        row.addWidget(self.tone)
        row.addWidget(self.translate)

    def set_usable(self, reason: str) -> None:
        """Usable, or not for a reason."""
        told = ((self.tone, tr("Rewrite, or in another tone (Alt+R)")), (self.translate, tr("Translate")))
        for button, name in told:
            if reason:
                explain_disabled(button, reason)
            else:
                explain_enabled(button, name)

    def set_busy(self, *, busy: bool) -> None:
        self.tone.set_busy(busy)


class RewriteField(Protocol):
    """What it needs of the composer."""

    @property
    def rewriting(self) -> RewriteTools: ...

    def text(self) -> str: ...

    def replace_text(self, text: str) -> None: ...


class Rewriting:
    """Asks for another wording of the field's text. Typing goes on meanwhile; what was typed since wins."""

    def __init__(self, ctx: Context, theme: ThemeManager, composer: RewriteField) -> None:
        self._ctx = ctx
        self._theme = theme
        self._composer = composer
        self._row: ConversationRow | None = None
        self._language: str | None = None
        self._asked = 0
        composer.rewriting.tone.clicked.connect(self.offer_tones)
        composer.rewriting.translate.clicked.connect(self.offer_languages)

    def open(self, row: ConversationRow | None) -> None:
        """What was asked for another conversation no longer counts."""
        if row is None or self._row is None or row.id != self._row.id:
            self._asked += 1
            self._language = None
            self._composer.rewriting.set_busy(busy=False)
        self._row = row

    def set_fan_language(self, code: str | None) -> None:
        """The language that is offered first."""
        self._language = code

    def offer_tones(self) -> None:
        if not self._composer.rewriting.tone.isEnabled():
            return
        menu = Menu(self._theme, tr("Rewrite"), width=200)
        menu.add_item(
            tr("Rewrite"), partial(self.run, "rewrite"), icon="wand-sparkles", object_name="messages.rewrite.again"
        )
        menu.add_separator()
        for tone in TONES:
            menu.add_item(tone_name(tone), partial(self.run, "tone", tone=tone), object_name=f"messages.rewrite.{tone}")
        self._open(menu, self._composer.rewriting.tone)

    def offer_languages(self) -> None:
        menu = Menu(self._theme, tr("Translate"), width=200)
        fan = (self._language or "").split("-", 1)[0]
        for code in sorted(LANGUAGES, key=lambda one: one != fan):
            detail = tr("the fan’s") if code == fan else ""
            menu.add_item(
                language_name(code) or code,
                partial(self.run, "translate", language=code),
                detail=detail,
                object_name=f"messages.translate.{code}",
            )
        self._open(menu, self._composer.rewriting.translate)

    def _open(self, menu: Menu, beside: QWidget) -> None:
        menu.dismissed.connect(menu.deleteLater)
        menu.open_at(beside, above=True)

    def run(self, kind: RewriteKind, *, tone: str | None = None, language: str | None = None) -> None:
        """Ask, and put the answer in the text's place if it is still that text."""
        row, text = self._row, self._composer.text()
        if row is None or not text.strip():
            return
        self._asked += 1
        asked = self._asked
        self._composer.rewriting.set_busy(busy=True)

        async def ask() -> None:
            found = await self._ctx.ai.rewrite(row.id, text, kind, tone=tone, language=language)
            if asked != self._asked:
                return
            self._composer.rewriting.set_busy(busy=False)
            if self._composer.text() != text:
                self._ctx.shell.toast(tr("You wrote on: your own text stays."), topic=_TOPIC)
                return
            self._composer.replace_text(found.text)
            by = tr("local") if found.local else f"{found.model}, {cost_text(found.cost_nano_usd)}"
            told = tr("Your text was rewritten ({0})").format(by)

            def undo() -> None:
                if asked == self._asked and self._composer.text() == found.text:
                    self._composer.replace_text(text)

            self._ctx.shell.toast(told, action=tr("Undo"), on_action=undo, topic=_TOPIC)

        self._ctx.spawn(ask(), on_error=lambda error: self._failed(asked, error))

    def _failed(self, asked: int, error: Exception) -> None:
        if asked == self._asked:
            self._composer.rewriting.set_busy(busy=False)
            why = error.text if isinstance(error, SdkError) else str(error)
            self._ctx.shell.toast(tr("Not rewritten, your text is as it was. {0}").format(why), topic=_TOPIC)
