"""The desktop's engine: api client, event stream, sync, outbox, presence and live views, on its own thread. No Qt."""

from huntaze_desktop.engine.facade import Engine, ListingView, WindowView
from huntaze_desktop.engine.live import Deliver, Live
from huntaze_desktop.engine.timing import Timing
from huntaze_desktop.engine.tokens import MemoryTokenStore, TokenStore

__all__ = ["Deliver", "Engine", "ListingView", "Live", "MemoryTokenStore", "Timing", "TokenStore", "WindowView"]
