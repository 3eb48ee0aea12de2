"""Plugins are found without being imported, activated in order, guarded, and leave nothing behind."""

import asyncio
import sys
from datetime import UTC, datetime
from importlib.metadata import EntryPoint

import pytest

from huntaze_desktop.plugin_host.discovery import discover, in_order
from huntaze_desktop.plugin_host.doors import PermissionRefusedError
from huntaze_desktop.plugin_host.host import Host, PluginState
from huntaze_desktop.plugin_host.manifest import ManifestError, accepts_api, read_manifest
from huntaze_desktop.sdk import ComplianceRules, ComplianceVerdict, ConversationQuery, Page

MANIFEST = """
id = "{id}"
name = "{id}"
version = "1.0.0"
api = ">=1.0,<2"
permissions = {permissions}
requires = {requires}
"""


class View:
    def __init__(self):
        self.closed = 0
        self.value = None

    def subscribe(self, listener):
        listener(self.value)
        return lambda: None

    def close(self):
        self.closed += 1


class Engine:
    """Answers with views that remember whether they were closed."""

    def __init__(self):
        self.views = []
        self.connection = View()
        self.compliance = View()
        self.compliance.value = ComplianceRules(lambda text, price: ComplianceVerdict((), f"{text} at {price}"))

    def listing(self, query):
        self.views.append(View())
        return self.views[-1]

    def now(self):
        return datetime.now(UTC)


class Window:
    def __init__(self):
        self.pages = {}
        self.badges = {}

    def add_page(self, plugin_id, page):
        self.pages[page.id] = plugin_id

    def remove_pages(self, plugin_id):
        self.pages = {page: owner for page, owner in self.pages.items() if owner != plugin_id}

    def set_badge(self, page_id, count):
        self.badges[page_id] = count


class Desk:
    """A folder of plugins and a host for them."""

    def __init__(self, folder):
        self.folder = folder
        self.engine = Engine()
        self.window = Window()
        self.disabled = []
        self.points = []
        self.host = Host(self.engine, None, self.window, asyncio.ensure_future, self.disabled.append)

    def plugin(self, name, code, permissions=(), requires=(), manifest=None):
        place = self.folder / name
        place.mkdir()
        (place / "__init__.py").write_text(code)
        text = MANIFEST.format(id=name, permissions=list(permissions), requires=list(requires))
        (place / "huntaze-plugin.toml").write_text(text if manifest is None else manifest)
        self.points.append(EntryPoint(name, name, "huntaze.plugins"))

    def start(self):
        statuses = self.host.start(discover(self.points))
        return {status.module: status for status in statuses}


@pytest.fixture
def desk(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(str(tmp_path))
    before = set(sys.modules)
    yield Desk(tmp_path)
    for name in set(sys.modules) - before:
        del sys.modules[name]


PAGE_PLUGIN = """
from huntaze_desktop.sdk import ConversationQuery, Page
def activate(ctx):
    ctx.pages.add(Page("p", "P", "icon", lambda: None))
    ctx.conversations.listing(ConversationQuery())
def deactivate():
    raise RuntimeError("I refuse to go")
"""


def test_a_plugin_is_discovered_without_being_imported(desk):
    desk.plugin("paquiet", "raise SystemExit('imported')")
    (found,) = discover(desk.points)
    assert found.error is None
    assert found.manifest.id == "paquiet"
    assert "paquiet" not in sys.modules


async def test_what_a_plugin_registered_goes_with_it_even_if_it_refuses(desk):
    desk.plugin("papage", PAGE_PLUGIN, permissions=["conversations:read"])
    assert desk.start()["papage"].state is PluginState.ACTIVE
    assert desk.window.pages == {"p": "papage"}
    await desk.host.stop()
    assert desk.window.pages == {}
    assert [view.closed for view in desk.engine.views] == [1]
    assert desk.host.status()[0].state is PluginState.INACTIVE


def test_a_plugin_without_the_permission_is_refused(desk):
    desk.plugin("pbpage", PAGE_PLUGIN)
    status = desk.start()["pbpage"]
    assert status.state is PluginState.FAILED
    assert PermissionRefusedError.__name__ in status.error
    assert desk.window.pages == {}


def test_reading_conversations_does_not_give_the_right_to_change_them(desk):
    desk.plugin(
        "pbwrite",
        """
import asyncio
def activate(ctx):
    asyncio.run(ctx.conversations.mark_unread("c"))
""",
        permissions=["conversations:read"],
    )
    status = desk.start()["pbwrite"]
    assert status.state is PluginState.FAILED
    assert "conversations:write" in status.error


def test_who_may_write_may_ask_what_may_be_written(desk):
    code = """
def activate(ctx):
    print(ctx.compliance.check("hello", "mara", 900).text)
    assert ctx.compliance.rules.value.ready
"""
    desk.plugin("pbasks", code, permissions=["messages:send"])
    desk.plugin("pbreads", code, permissions=["conversations:read"])
    found = desk.start()
    assert found["pbasks"].state is PluginState.ACTIVE
    assert "messages:send" in found["pbreads"].error


def test_what_waits_is_told_to_who_may_read_both(desk):
    desk.plugin("pbwaits", "def activate(ctx): ctx.changes.waiting()", permissions=["conversations:read"])
    assert "fans:read" in desk.start()["pbwaits"].error


def test_one_bad_plugin_does_not_hurt_the_others(desk):
    desk.plugin("pcbroken", "def activate(ctx): raise ValueError('no')")
    desk.plugin("pcempty", "", manifest="id = ")
    desk.plugin("pcgood", "def activate(ctx): ctx.pages.set_badge('x', 3)")
    statuses = desk.start()
    assert statuses["pcbroken"].state is PluginState.FAILED
    assert statuses["pcempty"].state is PluginState.FAILED
    assert statuses["pcgood"].state is PluginState.ACTIVE
    assert desk.window.badges == {"x": 3}


def test_a_plugin_comes_after_the_one_it_requires(desk):
    note = "import builtins\ndef activate(ctx): builtins.order = [*getattr(builtins, 'order', []), ctx.plugin_id]"
    desk.plugin("pdaa", note, requires=["pdzz"])
    desk.plugin("pdzz", note)
    import builtins

    desk.start()
    assert builtins.order == ["pdzz", "pdaa"]
    del builtins.order


def test_a_missing_requirement_is_named(desk):
    desk.plugin("peaa", "", requires=["pezz"])
    status = desk.start()["peaa"]
    assert status.state is PluginState.FAILED
    assert "pezz" in status.error


def test_plugins_that_require_each_other_are_refused(desk):
    desk.plugin("pfaa", "", requires=["pfzz"])
    desk.plugin("pfzz", "", requires=["pfaa"])
    found = in_order(discover(desk.points))
    assert all(item.error for item in found)


def test_three_faults_disable_a_plugin_for_the_session(desk):
    desk.plugin(
        "pgslot",
        "def activate(ctx): ctx.slots.declare('pg.slot', lambda items: 1 / 0)",
    )
    desk.plugin("pgtalk", "def activate(ctx):\n for n in range(3): ctx.slots.contribute('pg.slot', n)")
    desk.start()
    (faults,) = desk.disabled
    assert {fault.plugin_id for fault in faults} == {"pgslot"}
    assert len(faults) == 3
    by_id = {status.id: status for status in desk.host.status()}
    assert by_id["pgslot"].state is PluginState.FAILED
    assert by_id["pgtalk"].state is PluginState.ACTIVE


def test_slots_do_not_depend_on_order(desk):
    desk.plugin("phfills", "def activate(ctx): ctx.slots.contribute('ph.slot', 'early')")
    desk.plugin(
        "phowns", "def activate(ctx): ctx.slots.declare('ph.slot', lambda items: ctx.pages.set_badge(str(items), 1))"
    )
    desk.start()
    assert desk.window.badges == {"('early',)": 1}


def test_an_api_of_another_major_is_refused(desk):
    desk.plugin(
        "pifuture", "", manifest=MANIFEST.format(id="pifuture", permissions=[], requires=[]).replace("<2", "<1")
    )
    assert "needs plugin API" in desk.start()["pifuture"].error


@pytest.mark.parametrize(
    ("wanted", "fits"),
    [(">=1.0,<2", True), (">=1.1", False), ("==1.0.0", True), ("<=1", True), (">1", False)],
)
def test_ranges(desk, wanted, fits):
    desk.plugin(
        "pjrange", "", manifest=MANIFEST.format(id="pjrange", permissions=[], requires=[]).replace(">=1.0,<2", wanted)
    )
    assert accepts_api(read_manifest(desk.folder / "pjrange"), "1.0.0") is fits


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ('id = "Bad Id"', "id"),
        ('api = "1.x"', "range"),
        ('colour = "red"', "colour"),
        ('permissions = ["root"]', "permissions"),
    ],
)
def test_a_wrong_manifest_says_what_is_wrong(tmp_path, line, complaint):
    key = line.split(" ", 1)[0]
    lines = [
        row for row in MANIFEST.format(id="pk", permissions=[], requires=[]).splitlines() if not row.startswith(key)
    ]
    (tmp_path / "huntaze-plugin.toml").write_text("\n".join([*lines, line]))
    with pytest.raises(ManifestError, match=complaint):
        read_manifest(tmp_path)


def test_the_sdk_types_used_here_are_public():
    assert Page.__module__.startswith("huntaze_desktop.sdk")
    assert ConversationQuery().limit > 0


LAST_WORK = """
import asyncio
def activate(ctx):
    global context
    context = ctx
async def save():
    await asyncio.sleep(0.02)
    context.pages.set_badge("saved", 1)
async def hang():
    await asyncio.Event().wait()
def deactivate():
    context.spawn(save())
"""


async def test_what_a_plugin_saves_at_the_end_is_saved(desk):
    desk.plugin("pllast", LAST_WORK)
    desk.start()
    await desk.host.stop()
    assert desk.window.badges == {"saved": 1}


async def test_a_plugin_that_hangs_at_the_end_is_left_behind(desk, monkeypatch):
    monkeypatch.setattr("huntaze_desktop.plugin_host.host.LAST_WORK_S", 0.05)
    desk.plugin("plhang", LAST_WORK.replace("spawn(save())", "spawn(hang())"))
    desk.start()
    await desk.host.stop()
    await asyncio.sleep(0)
    assert all(task.get_name() == asyncio.current_task().get_name() for task in asyncio.all_tasks())
