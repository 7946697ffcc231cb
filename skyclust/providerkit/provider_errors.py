"""The one door through which a provider's errors come: whatever it raises becomes the tree's."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from skyclust.errors import SkyClustError, UnexpectedAnswer


@contextmanager
def provider_errors(provider: str, doing: str) -> Iterator[None]:
    """Raise UnexpectedAnswer, with the cause, for any exception outside the error tree.

    A provider, ours or a plugin's, may stumble over an answer that nobody foresaw. That is the
    failure of the one call, never of the others. `doing` says what the call was for.
    """
    try:
        yield
    except SkyClustError:
        raise
    except Exception as error:  # whatever it is, it is one call's
        raise UnexpectedAnswer(
            f"Could not {doing}: provider {provider!r} stumbled over the answer"
            f" ({type(error).__name__}: {error}).",
            hint="Report it to the provider's maintainers; the worker's log has the traceback.",
            provider=provider,
            code=type(error).__name__,
        ) from error
