"""Verbs for whoever keeps the deployment: rebuild, backup, and those of Elasticsearch."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer

from monitor.cli.renewing import renew
from monitor.cli.shell import DEFAULT, AsJson, ConfigFile, app, opened, progress
from monitor.errors import ConfigError
from monitor.show import facts_table, out, say_json
from monitor.verbs import keys_made, let_go, rebuilt, tidied, views_of

elastic = typer.Typer(help="Look after our part of an Elasticsearch cluster.", no_args_is_help=True)
app.add_typer(elastic, name="elastic")


@app.command()
def rebuild(
    config: ConfigFile = DEFAULT,
    to: Annotated[
        str,
        typer.Option(help="Make an index of this kind, a module of indexes/, and keep the old."),
    ] = "",
    forget: Annotated[
        str, typer.Option(help="Instead, be rid of the index of this kind that is not followed.")
    ] = "",
    anew: Annotated[
        bool, typer.Option("--anew", help="First make the ledger anew with today's models.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="With --anew: show what would change, no more.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="With --anew: do not ask.")] = False,
    as_json: AsJson = False,
) -> None:
    """Make the index anew from the ledger, beside the old one, then switch; no model runs. With
    --anew make the ledger anew: think about every post with today's models and group all again;
    collecting goes on meanwhile. Interrupted, it goes on at the next call."""
    if anew:
        if to or forget:
            raise ConfigError("rebuild: --anew keeps its index; call it without --to and --forget")
        renew(config, dry_run=dry_run, yes=yes, as_json=as_json)
        return
    with opened(config) as deployment, progress() as bar:
        if forget:
            let_go(deployment, forget)
            _say({"forgotten": forget}, "rebuild", as_json)
            return
        kind = to or deployment.config.index_kind
        task = bar.add_task("rows", total=deployment.ledger.feed.consumed())
        seconds = time.monotonic()
        for position in rebuilt(deployment, kind):
            bar.update(task, completed=position)
        facts = {"index": kind, "rows": position, "seconds": round(time.monotonic() - seconds, 1)}
        if kind != deployment.config.index_kind:
            facts["next"] = f'write kind = "{kind}" in [index] of {config}; then it is followed'
        _say(facts, "rebuilt", as_json)


@app.command()
def backup(
    to: Annotated[Path, typer.Argument(help="The file to write; it must not exist.")],
    config: ConfigFile = DEFAULT,
) -> None:
    """Copy the ledger consistently, while others write. Keep the key file with it, but apart."""
    with opened(config) as deployment, progress() as bar:
        task = bar.add_task("pages", total=None)
        deployment.ledger.store.backup(
            to, lambda left, total: bar.update(task, total=total, completed=total - left)
        )
        out.print(f"{to}: {to.stat().st_size:,} bytes; the key is {deployment.key_path}")


@elastic.command()
def keys(
    to: Annotated[
        Path | None, typer.Option(help="A folder for them: a file each, of mode 0600.")
    ] = None,
    show: Annotated[bool, typer.Option("--show", help="Print the secrets.")] = False,
    config: ConfigFile = DEFAULT,
    as_json: AsJson = False,
) -> None:
    """Make API keys of least rights, one for each use; needs an administrator's credentials."""
    if to is None and not show:
        raise ConfigError("keys: nobody would know them; name a folder with --to, or --show them")
    with opened(config) as deployment:
        made = keys_made(deployment, "elastic", to)
        facts = {name: secret if show else str(file) for name, (secret, file) in made.items()}
        _say(facts, "keys", as_json)


@elastic.command()
def tidy(config: ConfigFile = DEFAULT, as_json: AsJson = False) -> None:
    """Delete the old indices of ours that a rebuild or a migration left, which nobody asks."""
    with opened(config) as deployment:
        gone = tidied(deployment, "elastic")
        _say({"deleted": list(gone)} if as_json else {"deleted": "\n".join(gone)}, "tidy", as_json)


@elastic.command()
def views(config: ConfigFile = DEFAULT) -> None:
    """Print Kibana's data views of our indices, every field described. Send them to a file, and
    import that in Kibana under Stack Management, Saved Objects."""
    with opened(config) as deployment:
        for line in views_of(deployment, "elastic"):
            out.print(line, markup=False, soft_wrap=True)


def _say(facts: Mapping[str, object], title: str, as_json: bool) -> None:
    if as_json:
        say_json(facts)
    else:
        out.print(facts_table(facts, title))
