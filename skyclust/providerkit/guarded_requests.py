"""An adapter for requests with guarded connections."""

from __future__ import annotations

from typing import Any

from requests import Session
from requests.adapters import HTTPAdapter

from skyclust.providerkit.guarded_http import GUARDED_POOLS


class GuardedAdapter(HTTPAdapter):
    """Connects to allowed addresses only, with limits on the time and size of an answer."""

    def init_poolmanager(self, *arguments: Any, **options: Any) -> None:
        """Create the pools of guarded connections."""
        super().init_poolmanager(*arguments, **options)
        self.poolmanager.pool_classes_by_scheme = GUARDED_POOLS

    def proxy_manager_for(self, proxy: str, **options: Any) -> Any:
        """Return the pools of connections to a proxy; the targets behind it are checked too."""
        manager = super().proxy_manager_for(proxy, **options)
        manager.pool_classes_by_scheme = GUARDED_POOLS
        return manager


def guarded_session(*, connections: int) -> Session:
    """Return a session for so many threads, guarded for both schemes."""
    session = Session()
    mount_guarded(session, GuardedAdapter(pool_maxsize=connections))
    return session


def mount_guarded(session: Session, adapter: GuardedAdapter) -> None:
    """Mount a guarded adapter in a session, with and without TLS."""
    for scheme in ("https://", "http://"):
        session.mount(scheme, adapter)
