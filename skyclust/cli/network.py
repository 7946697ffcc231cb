"""`skyclust network`: private networks that credentials may lead to."""

from __future__ import annotations

from typing import Annotated

import typer

from skyclust.cli.list_options import ListOptions, with_list_options
from skyclust.cli.options import DEFAULT_WORKSPACE, AnyWorkspace
from skyclust.cli.output import say, show_list

app = typer.Typer(no_args_is_help=True)

Entry = Annotated[
    str,
    typer.Argument(help="10.0.0.0/8, 10.1.2.3:8006, or with plain HTTP http://10.1.2.3:5000."),
]


@app.command()
def allow(network: Entry, workspace: AnyWorkspace = DEFAULT_WORKSPACE) -> None:
    """Let credentials of this installation lead to a private network.

    By default they lead to public addresses only, and by TLS only. Whoever may add a credential
    can make the worker call what is allowed here: allow the cloud, not the whole network.
    """
    from skyclust.allowed_networks import allow_networks, parse_entry, require_narrow
    from skyclust.settings import load_settings

    settings = load_settings()
    wanted = parse_entry(network)
    require_narrow(wanted)
    added = allow_networks(settings, [wanted])
    say(f"{wanted} is allowed{'' if added else ' already'}, for what uses {settings.home}.")


@app.command("list")
@with_list_options()
def list_all(options: ListOptions, workspace: AnyWorkspace = DEFAULT_WORKSPACE) -> None:
    """List the networks that are allowed, and where that is written."""
    from skyclust.providerkit.permissions import listed_networks, remembered_networks
    from skyclust.settings import load_settings

    settings = load_settings()
    rows = [
        {"network": str(one), "allowed_by": source}
        for source, networks in (
            ("SKYCLUST_ALLOWED_NETWORKS", listed_networks(settings)),
            ("skyclust network allow", remembered_networks(settings)),
        )
        for one in networks
    ]
    show_list(rows, ("network", "allowed_by"), options, title="Allowed networks")


@app.command()
def remove(network: Entry, workspace: AnyWorkspace = DEFAULT_WORKSPACE) -> None:
    """Allow a network no longer; credentials that lead there stop working."""
    from skyclust.allowed_networks import forget_network, parse_entry
    from skyclust.settings import load_settings

    wanted = parse_entry(network)
    forget_network(load_settings(), wanted)
    say(f"{wanted} is not allowed any more.")
