"""Errors of a provider's calls: exceptions outside the error tree become UnexpectedAnswer."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from skyclust.errors import SkyClustError, UnexpectedAnswer


@contextmanager
def provider_errors(provider: str, doing: str) -> Iterator[None]:
    """Raise UnexpectedAnswer, with the cause, for any exception outside the error tree.

    A provider may fail on an answer that its author did not expect. The error then concerns this
    call alone. `doing` completes "Could not ...".
    """
    try:
        yield
    except SkyClustError:
        raise
    except Exception as error:  # whatever it is, it concerns this call alone
        raise UnexpectedAnswer(
            f"Could not {doing}: the provider {provider!r} could not read the cloud's answer"
            f" ({type(error).__name__}: {error}).",
            hint="Report it to the provider's maintainers; the worker's log has the traceback.",
            provider=provider,
            code=type(error).__name__,
        ) from error
