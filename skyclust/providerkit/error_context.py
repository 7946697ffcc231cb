"""Errors of a provider's calls: every message begins with "Could not ...", and names the cloud."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from skyclust.errors import AuthenticationFailed, SkyClustError, UnexpectedAnswer
from skyclust.providerkit.items import LONGEST_REASON

ENDPOINT_HINT: Final = "Is a proxy or another service answering at the endpoint?"
"""The hint for an answer that the cloud itself would not give."""

Translate = Callable[[Exception, str], SkyClustError | None]
"""Returns the error of the tree for an exception of the SDK, None for any other exception. The
second argument is `doing`."""


@dataclass(frozen=True)
class ErrorContext:
    """Builds the errors of one provider.

    `provider` is its name in the registry, `cloud` the name in sentences: "AWS", "Proxmox VE".
    `doing` completes "Could not ..." in every method: "list the servers of RegionOne".
    """

    provider: str
    cloud: str

    def error(
        self,
        kind: type[SkyClustError],
        doing: str,
        reason: str,
        *,
        code: str = "",
        hint: str = "",
        show_code: bool = True,
    ) -> SkyClustError:
        """Return an error of the given class with the cloud's own reason and code.

        An empty reason reads "AWS gave no reason". Runs of whitespace become one blank.
        """
        text = " ".join(reason.split()).rstrip(". ") or f"{self.cloud} gave no reason"
        shown = f" ({code})" if code and show_code else ""
        return kind(
            f"Could not {doing}: {text}{shown}.", hint=hint, provider=self.provider, code=code
        )

    def credential_refused(self, doing: str, *, code: str, hint: str) -> AuthenticationFailed:
        """Return the error for a credential that the cloud does not accept.

        Repeats nothing of the cloud's own message: it may quote the signed request or the token.
        """
        return AuthenticationFailed(
            f"Could not {doing}: {self.cloud} does not accept the credential ({code}).",
            hint=hint,
            provider=self.provider,
            code=code,
        )

    def unreadable_answer(self, doing: str, reason: str, *, code: str = "") -> UnexpectedAnswer:
        """Return the error for an answer that is not as the cloud's API documents it."""
        return UnexpectedAnswer(
            f"Could not {doing}: the answer cannot be read ({reason[:LONGEST_REASON]}).",
            hint=ENDPOINT_HINT,
            provider=self.provider,
            code=code,
        )

    @contextmanager
    def translating(
        self, doing: str, translate: Translate, *, foreign: bool = True
    ) -> Iterator[None]:
        """Raise the SDK's exceptions as errors of the tree, each with the exception as its cause.

        Errors of the tree are not changed. With `foreign`, any other exception becomes
        UnexpectedAnswer: its cause is an answer that the SDK did not expect, such as a page of a
        proxy. Without `foreign`, other exceptions are not changed.
        """
        try:
            yield
        except SkyClustError:
            raise
        except Exception as error:
            ours = translate(error, doing)
            if ours is None and foreign:
                name = type(error).__name__
                ours = self.unreadable_answer(doing, f"{name}: {error}", code=name)
            if ours is None:
                raise
            raise ours from error
