"""Makes readers and senders for the vendor's HTTP API; the sandbox speaks the same contract."""

import httpx2

from huntaze_backend.engines.gateways.adapters.vendor_client import CALL_TIMEOUT_S, make_client
from huntaze_backend.engines.gateways.adapters.vendor_reader import VendorReader
from huntaze_backend.engines.gateways.adapters.vendor_sender import VendorSender
from huntaze_backend.engines.gateways.factory import PlatformAccess

_READ_CONNECTIONS = 12


class VendorGateways:
    """Implements `ReaderFactory` and `SenderFactory`."""

    def __init__(
        self,
        *,
        call_timeout_s: float = CALL_TIMEOUT_S,
        wait_s: float = 5.0,
        transport: httpx2.AsyncBaseTransport | None = None,
    ) -> None:
        """Args: transport: replaces the network, for tests."""
        self._call_timeout_s = call_timeout_s
        self._wait_s = wait_s
        self._transport = transport

    def reader(self, access: PlatformAccess) -> VendorReader:
        return VendorReader(make_client(access, connections=_READ_CONNECTIONS, transport=self._transport))

    def sender(self, access: PlatformAccess) -> VendorSender:
        # More connections than sends at once: a send never waits for a connection, it waits for work.
        client = make_client(access, connections=64, transport=self._transport)
        return VendorSender(client, call_timeout_s=self._call_timeout_s, wait_s=self._wait_s)
