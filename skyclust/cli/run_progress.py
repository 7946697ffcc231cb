"""What a person sees while a flow run is followed: a bar, its state, and why it does not begin."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from skyclust.cli.output import printable, say, stderr
from skyclust.errors import SkyClustError

if TYPE_CHECKING:
    from skyclust.orchestration.runs import RunUpdate


class Waiting:
    """Says why a run does not begin, each reason once."""

    def __init__(self, api_url: str, deployment: str) -> None:
        self.api_url = api_url
        self.deployment = deployment
        self.said: set[str] = set()

    def explain(self) -> None:
        """Look at what is in the run's way and say what is new; a look that fails says nothing."""
        from skyclust.embedded.run_obstacles import obstacles

        try:
            found = obstacles(self.api_url, self.deployment)
        except SkyClustError:
            return
        for sentence in found:
            if sentence not in self.said:
                say(f"The run waits. {sentence}", style="yellow")
        self.said.update(found)


class RunProgress:
    """A bar on a terminal; elsewhere a line for each new state."""

    def __init__(self, summary: str) -> None:
        self.summary = printable(summary)
        console = stderr()
        self.on_terminal = console.is_terminal
        self.bar = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            TimeElapsedColumn(),
            console=console,
            transient=True,
            disable=not self.on_terminal,
        )
        self.task: TaskID = self.bar.add_task(self.summary, total=None)
        self.said = ""

    def update(self, update: RunUpdate) -> None:
        """Show how far the run is."""
        text = f"{self.summary}: {printable(update.state_name)}"
        known = update.progress is not None
        self.bar.update(
            self.task,
            description=text,
            total=100 if known else None,
            completed=update.progress if known else 0,
        )
        if not self.on_terminal and text != self.said:
            say(text)
        self.said = text
