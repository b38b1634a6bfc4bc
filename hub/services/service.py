"""The service's process: exchange, grading queue and people's pages on one port."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
from pathlib import Path
from typing import Any

from tornado.httpserver import HTTPServer
from tornado.ioloop import PeriodicCallback
from tornado.web import Application

from hub.services import api_accounts, api_exchange, api_export, api_gpus, api_jobs, api_marks, page_server, pages
from hub.services.api import Health
from hub.services.closing import close_archived
from hub.services.gpus import lend
from hub.services.metrics import Metrics
from hub.services.state import PREFIX, State

PORT = 8010
NAME = r"([^/]+)"


def application(state: State) -> Application:
    """Every address the service answers to."""
    given = {"state": state}
    routes: list[Any] = [
        (rf"{PREFIX}api/{pattern}", handler, given)
        for pattern, handler in (
            ("health", Health),
            ("login", api_accounts.Login),
            ("sign-in", api_accounts.SignIn),
            (f"people/{NAME}", api_accounts.People),
            ("may", api_accounts.May),
            ("servers/ended", api_accounts.ServerEnded),
            ("servers/unused", api_accounts.ServerUnused),
            (f"roster/{NAME}", api_accounts.Roster),
            (f"roster/{NAME}/remove", api_accounts.RosterRemoval),
            ("announcement", api_accounts.Announce),
            (f"marks/{NAME}", api_export.Marks),
            ("admins", api_accounts.Admins),
            ("passwords", api_accounts.FirstPasswords),
            ("assignments", api_exchange.Assignments),
            (f"assignments/{NAME}/{NAME}/files", api_exchange.FetchRelease),
            (f"assignments/{NAME}/{NAME}/release", api_exchange.Release),
            (f"assignments/{NAME}/{NAME}", api_exchange.AssignmentChange),
            (f"assignments/{NAME}/{NAME}/opened", api_exchange.Opened),
            (f"assignments/{NAME}/{NAME}/rules", api_exchange.RulesOf),
            (f"assignments/{NAME}/{NAME}/submission", api_exchange.Submit),
            (f"assignments/{NAME}/{NAME}/submissions", api_exchange.Submissions),
            (f"assignments/{NAME}/{NAME}/submissions/files", api_exchange.SubmissionFiles),
            (f"submissions/{NAME}/feedback", api_exchange.FetchFeedback),
            (f"submissions/{NAME}/feedback/release", api_exchange.GiveBack),
            (f"marks/{NAME}/{NAME}", api_marks.Marks),
            ("jobs", api_jobs.Jobs),
            ("jobs/take", api_jobs.TakeJob),
            (r"jobs/(\d+)", api_jobs.Job),
            (r"jobs/(\d+)/progress", api_jobs.JobProgress),
            (r"jobs/(\d+)/end", api_jobs.JobEnd),
            (r"submissions/([0-9a-f]+)/result", api_jobs.Graded),
            *api_gpus.ROUTES,
            ("metrics", Metrics),
        )
    ]
    return Application(
        [*routes, *page_server.handlers(state), *pages.handlers(state)],
        cookie_secret=state.secrets.read("service"),
        xsrf_cookies=False,  # the pages check it themselves, through JupyterHub's own class
        xsrf_cookie_kwargs={"secure": state.settings.domain is not None},
        template_path=str(Path(__file__).parent / "templates"),
    )


async def main() -> None:
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    state = State.open(Path(os.environ["CAMPUSHUB_CONFIG"]), os.environ["JUPYTERHUB_API_URL"])
    limit = 2**40  # the handlers set the real one: a streamed body is cut off by its own limit
    server = HTTPServer(application(state), xheaders=True, max_buffer_size=64 * 1024**2, max_body_size=limit)
    server.listen(PORT)
    PeriodicCallback(state.reload, 2000).start()
    tasks = [asyncio.create_task(task(state)) for task in (close_archived, lend)]
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await stop.wait()
    for task in tasks:
        task.cancel()
    server.stop()
    await server.close_all_connections()


if __name__ == "__main__":
    asyncio.run(main())
