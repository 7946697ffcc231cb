"""What requests sends through: an adapter whose connections are guarded."""

from __future__ import annotations

from typing import Any

from requests import Session
from requests.adapters import HTTPAdapter

from skyclust.providerkit.guarded_http import GUARDED_POOLS


class GuardedAdapter(HTTPAdapter):
    """Sends only where the operator allows, and reads answers of bounded time and size."""

    def init_poolmanager(self, *arguments: Any, **options: Any) -> None:
        """Make the pools of guarded connections."""
        super().init_poolmanager(*arguments, **options)
        self.poolmanager.pool_classes_by_scheme = GUARDED_POOLS

    def proxy_manager_for(self, proxy: str, **options: Any) -> Any:
        """Return the pools of connections to a proxy, what lies behind it checked too."""
        manager = super().proxy_manager_for(proxy, **options)
        manager.pool_classes_by_scheme = GUARDED_POOLS
        return manager


def guarded_session(*, connections: int) -> Session:
    """Return a session of requests for so many threads, guarded for both schemes."""
    session = Session()
    mount_guarded(session, GuardedAdapter(pool_maxsize=connections))
    return session


def mount_guarded(session: Session, adapter: GuardedAdapter) -> None:
    """Let a session send everything through a guarded adapter, with and without TLS."""
    for scheme in ("https://", "http://"):
        session.mount(scheme, adapter)
