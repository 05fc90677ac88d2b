"""Verbs that bring posts in and let them through: check, try, once, run, serve, status,
enrich, demo."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from monitor import checks, sample
from monitor.app import LOCK_S, App
from monitor.cli.answers import show, show_status
from monitor.cli.shell import DEFAULT, AsJson, ConfigFile, app, lagging, opened, progress
from monitor.enriching import enriched
from monitor.errors import ConfigError
from monitor.ledger import utc_now
from monitor.model import Tick
from monitor.objects import post_json
from monitor.ports import Asked
from monitor.show import err, facts_table, out, say_json
from monitor.verbs import empty, replayed, tried


@app.command()
def check(config: ConfigFile = DEFAULT, as_json: AsJson = False) -> None:
    """Look at configuration, key, ledger, models and index; change nothing, name every fault."""
    results = checks.check(config)
    if as_json:
        say_json({name: fault or "ok" for name, fault in results.items()})
    else:
        out.print(facts_table({n: fault or "ok" for n, fault in results.items()}, str(config)))
    if any(results.values()):
        raise typer.Exit(2)


@app.command("try")
def try_(
    kind: Annotated[str, typer.Argument(help="A module of collectors/, as in rss.")],
    options: Annotated[list[str], typer.Argument(help="key=value, as in url=https://…/feed")],
    allow: Annotated[list[str] | None, typer.Option(help="A host with a private address.")] = None,
) -> None:
    """Ask a source once and print its first page as JSON lines; store nothing."""
    page = tried(kind, options, allow or ())
    for post in page.posts:
        say_json(post_json(post))
    for dead in page.dead:
        err.print(f"{dead.id}: {dead.reason}", style="yellow", markup=False)


@app.command()
def once(
    sources: Annotated[list[str] | None, typer.Argument(help="Only these sources.")] = None,
    config: ConfigFile = DEFAULT,
    as_json: AsJson = False,
) -> None:
    """Ask every source once, then consume and index what came."""
    from monitor.schedule import poll

    with opened(config) as deployment, deployment.consuming() as mine, progress() as bar:
        wanted = [deployment.config.source(name) for name in sources or ()]
        wanted = wanted or list(deployment.config.sources)
        task = bar.add_task("sources", total=len(wanted))
        fares = {}
        for source in wanted:
            bar.update(task, description=source.name)
            fares[source.name] = poll(
                deployment, source, (lambda: deployment.consume()) if mine else (lambda: None)
            )
            bar.advance(task)
        deployment.tell(Tick(at=utc_now()))
        failed = {name: h.message for name, h in fares.items() if h.state != "ok"}
        if as_json:
            say_json({name: {"state": h.state, "message": h.message} for name, h in fares.items()})
        else:
            for message in failed.values():
                err.print(message, style="yellow", markup=False)
            out.print(f"{len(fares) - len(failed)} of {len(fares)} sources answered")
            if not mine:
                out.print("another process consumes: what came is pending there")
        if mine:
            with lagging():
                deployment.catch_up()
    if failed:
        raise typer.Exit(1)


@app.command()
def run(config: ConfigFile = DEFAULT) -> None:
    """Collect, consume and index by the schedule until SIGTERM."""
    from monitor.schedule import Schedule

    with opened(config) as deployment, deployment.consuming(LOCK_S) as mine:
        if not mine:
            raise ConfigError(f"{deployment.config.data}: another process consumes; stop it first")
        Schedule(deployment).run()


@app.command()
def serve(
    config: ConfigFile = DEFAULT,
    host: Annotated[str, typer.Option(help="Instead of the configured one.")] = "",
    port: Annotated[int, typer.Option(help="Instead of the configured one.")] = -1,
) -> None:
    """Serve the page and the API until SIGTERM; `monitor run` collects meanwhile."""
    with opened(config) as deployment:
        _serve(deployment, host=host, port=port)


def _serve(deployment: App, *, host: str = "", port: int = -1) -> None:
    from monitor.web.server import serve as web

    table = deployment.config.web
    web(deployment, replace(table, host=host or table.host, port=port if port >= 0 else table.port))


@app.command()
def status(config: ConfigFile = DEFAULT, as_json: AsJson = False) -> None:
    """How sources, ledger and index fare."""
    with opened(config) as deployment:
        show_status(deployment, as_json)


@app.command()
def enrich(
    file: Annotated[str, typer.Argument(help="Posts as JSON lines, or - for standard input.")],
    config: Annotated[
        Path | None, typer.Option("--config", "-c", help="Take area and models from here.")
    ] = None,
) -> None:
    """Print what the models say of posts: a JSON line each; store nothing."""
    with progress() as bar:
        task = bar.add_task("posts", total=None)
        for line in enriched(file, config):
            say_json(line)
            bar.advance(task)


@app.command()
def demo(
    folder: Annotated[Path, typer.Option(help="Where the demo lives; made anew.")] = Path("demo"),
    index: Annotated[str, typer.Option(help="A module of indexes/.")] = "embedded",
    url: Annotated[str, typer.Option(help="Where that index is, if it is a server.")] = "",
    serve: Annotated[bool, typer.Option("--serve", help="Then serve its page.")] = False,
    as_json: AsJson = False,
) -> None:
    """Replay the sample day of one city through the real pipeline and show its events."""
    with progress() as bar:
        task = bar.add_task("the models are loading", total=sample.posts())
        config = sample.lay_out(folder, index, url)
        with opened(config) as deployment:
            empty(deployment, index)
            for done in replayed(deployment):
                bar.update(task, description="rows", completed=done)
            asked = Asked(sort="-size", limit=40)
            show(deployment, "size:>=2", "events", asked, as_json)
    if not as_json:
        more = f"look further: monitor search -c {config} 'fire near:\"51.54,-0.06,3km\"'"
        out.print(more, markup=False, soft_wrap=True)
    if serve:
        with opened(config) as deployment:
            _serve(deployment)
