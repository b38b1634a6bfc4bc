"""A person's server: which course and kind it is, what it may use, what is mounted.

A thin subclass of DockerSpawner. Whether somebody may have a server is the service's word; limits are the settings'.
"""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from traitlets import Unicode

from hub import image_record, serverplan
from hub.adapters.homes import prepare_folder
from hub.coming_up import NotStarted
from hub.gpu_start import TakesSlots
from hub.secrets import Secrets
from hub.service_client import ServiceSilent, ask
from hub.settings import Settings
from hub.settings_file import SettingsInvalid, load
from hub.values import size_text


class CampusSpawner(TakesSlots):
    """One named server: `<course>` for work, `gpu-<course>` for work with a GPU, `grade-<course>` for grading."""

    config_path = Unicode(help="the settings file, read at every start").tag(config=True)
    service = Unicode(help="address of the service's API for the hub").tag(config=True)
    service_for_servers = Unicode(help="address of the service's API for servers").tag(config=True)
    user_options: dict[str, Any]  # Spawner's: what a request for a server asks for
    last_good: Settings | None = None  # of all spawners: the settings that could be read last

    def settings(self) -> Settings:
        """The settings of now, or the last good ones while the file has mistakes."""
        try:
            CampusSpawner.last_good = load(Path(self.config_path))
        except SettingsInvalid as mistakes:
            self.log.error("settings not taken up:\n%s", mistakes)
            if CampusSpawner.last_good is None:
                raise NotStarted("The settings of CampusHub have mistakes. Tell the administrator.") from None
        return CampusSpawner.last_good

    def options_from_query(self, query: dict[str, Any]) -> dict[str, Any]:
        """All that a request can choose: rescue mode, by `?opt-rescue=1`."""
        return {"rescue": True} if "rescue" in query else {}

    async def start(self) -> Any:
        """Start the server; raises NotStarted with a sentence for the person."""
        try:
            return await self._started()
        except NotStarted:
            if serverplan.course_and_kind(self.name)[1] == "gpu":
                await self.give_up()
            raise

    async def _started(self) -> Any:
        settings = self.settings()
        course, kind = serverplan.course_and_kind(self.name)
        wanted = bool(self.user_options.get("rescue"))
        self.user_options = self.orm_spawner.user_options = {}  # JupyterHub would keep it for the next start
        self.db.commit()  # at once: every page that is answered meanwhile takes back what is not committed
        rescue = await self._need_permission(settings, course, kind) or wanted
        self._need_disk(settings)
        image = self._present_image(settings, course, serverplan.image(settings, course, kind))
        plan = serverplan.plan(settings, self.user.name, self._own_folder(), course, kind)
        for folder in plan.folders:
            if not folder.exists():
                await asyncio.to_thread(prepare_folder, self.client, image, folder)
        self.image = image
        self.mem_limit = plan.limits.memory
        self.cpu_limit = plan.limits.cpu
        self.volumes, self.read_only_volumes = dict(plan.mounts), dict(plan.read_only)
        self.extra_create_kwargs = {"labels": dict(plan.labels), "user": "1000:1000"}
        self.environment = {
            **plan.environment,
            "CAMPUSHUB_SERVICE_URL": self.service_for_servers,
            "CAMPUSHUB_IMAGE_CONTENT": image.rpartition(":")[2],
            "CAMPUSHUB_DOCS": self._documentation(settings, course, kind),
        }
        if rescue:
            self.environment["CAMPUSHUB_RESCUE"] = "1"
        self.notebook_dir, self.default_url = plan.notebook_dir, plan.default_url
        self.tell = f"Starting with {plan.limits.cpu:g} processor cores and {size_text(plan.limits.memory)} of memory …"
        self.extra_host_config = serverplan.host_config(plan.limits)
        if kind != "gpu":
            return await super().start()
        slot = await self.take(course)
        self.extra_host_config = serverplan.host_config(plan.limits, slot.device)
        self.tell = f"Starting with the GPU {slot.name} …"
        return await self.start_with(slot)

    def _own_folder(self) -> str:
        return str(self.template_namespace()["username"])

    async def _need_permission(self, settings: Settings, course: str, kind: str) -> bool:
        """Whether to start in rescue mode, because the last start failed; raises NotStarted with the service's no."""
        token = Secrets(settings.folders.secrets).read("hub")
        try:
            query = {"person": self.user.name, "verb": kind, "course": course}
            _, told = await ask(f"{self.service}/may", token, **query)
        except ServiceSilent as silent:
            raise NotStarted(str(silent)) from None
        if not told.get("may"):
            raise NotStarted(told.get("why") or "This server cannot be started.")
        return bool(told.get("rescue"))

    def _need_disk(self, settings: Settings) -> None:
        if shutil.disk_usage(settings.folders.homes).free < settings.reserve:
            raise NotStarted(
                "The server's disk is nearly full, so no notebook can be started now. Your files are safe. "
                "Tell your instructor."
            )

    def _present_image(self, settings: Settings, course: str, name: str) -> str:
        tag = image_record.tag_for(image_record.read(settings.folders.images), course, name)
        if tag is None or not self.client.images(tag):
            raise NotStarted(
                f"The image '{name}' of this course is not on the server yet. Tell the administrator: "
                "`campushub images build` makes it."
            )
        return tag

    def _documentation(self, settings: Settings, course: str, kind: str) -> str:
        """Where the documentation of what the server has is; empty where there is none."""
        return image_record.documentation(settings.folders.documented, serverplan.image(settings, course, kind)) or ""

    async def progress(self) -> AsyncIterator[dict[str, Any]]:
        """What the person reads while they wait."""
        yield {"progress": 20, "message": getattr(self, "tell", "Looking up your course …")}
        yield {"progress": 60, "message": "Opening your home folder and starting JupyterLab …"}
