"""The page put together and served: one deployment, one process, threads that wait."""

from __future__ import annotations

import signal
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from importlib.resources import files
from typing import Final
from urllib.parse import urlsplit

import uvicorn
from fastapi import FastAPI
from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from monitor.app import App
from monitor.errors import ConfigError
from monitor.show import out
from monitor.tables import WebTable
from monitor.web import (
    alerts,
    api,
    export,
    judging,
    login,
    pages,
    places,
    problem,
    subscriptions,
)
from monitor.web.access import read_access
from monitor.web.desk import Desk
from monitor.web.gate import Gate
from monitor.web.render import YEAR_S, Web, environment

GRACE_S = 5
BACKLOG = 128
ROUTERS: Final = tuple(
    part.router for part in (login, pages, judging, alerts, api, subscriptions, places, export)
)


class Files(StaticFiles):
    """Files of ours: a browser keeps those whose address changes with them."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        """One file."""
        answer = await super().get_response(path, scope)
        kept = f"public, max-age={YEAR_S}, immutable"
        answer.headers["cache-control"] = kept if b"v=" in scope["query_string"] else "no-cache"
        return answer


def create(app: App, options: WebTable) -> FastAPI:
    """The page of a deployment, as an ASGI application. Raises ConfigError."""
    if host := urlsplit(app.config.alerts.page).hostname:
        options = replace(options, names=(*options.names, host))
    access = read_access(options, app.keys)
    web = Web(
        app=app,
        options=options,
        access=access,
        desk=Desk(app),
        pages=environment(options, access),
    )

    @asynccontextmanager
    async def living(_: FastAPI) -> AsyncIterator[None]:
        app.settle()
        web.desk.open()
        yield
        web.desk.close()

    made = FastAPI(
        title=options.title,
        version=api.VERSION,
        summary=api.SUMMARY,
        openapi_url=api.OPENAPI,
        docs_url=None,
        redoc_url=None,
        lifespan=living,
    )
    made.state.web = web
    for router in ROUTERS:
        made.include_router(router)
    made.mount("/static", Files(directory=str(files("monitor.web") / "static")))
    problem.install(made)
    made.add_middleware(Gate, access=access, options=options, pages=web.pages)
    return made


def serve(app: App, options: WebTable) -> None:
    """Serve until SIGTERM or SIGINT. Raises ConfigError where it cannot listen."""
    server = server_of(app, options)
    with listening(options) as listener:
        host, port = listener.getsockname()[:2]
        shown = f"[{host}]" if ":" in host else host
        out.print(f"{options.title}: http://{shown}:{port}/", markup=False)
        # What stops the server is raised once more when it has stopped; by then it is obeyed.
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: None)
        server.run(sockets=[listener])


def server_of(app: App, options: WebTable) -> uvicorn.Server:
    """The page with what serves it. Raises ConfigError."""
    config = uvicorn.Config(
        create(app, options),
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=GRACE_S,
    )
    return uvicorn.Server(config)


def listening(options: WebTable) -> socket.socket:
    """A socket that listens where the options say. Raises ConfigError."""
    family = socket.AF_INET6 if ":" in options.host else socket.AF_INET
    try:
        made = socket.create_server(
            (options.host, options.port), family=family, backlog=BACKLOG, reuse_port=False
        )
        # What is accepted inherits it; else the end of an answer waits for the reader's next word.
        made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return made
    except OSError as error:
        raise ConfigError(
            f"[web] {options.host}:{options.port}: cannot listen ({error.strerror}); name another "
            "port, or stop what is there"
        ) from error
