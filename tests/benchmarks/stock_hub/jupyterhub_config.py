"""A hub as DockerSpawner's manual sets it up: dummy sign-in, one network, a volume for each person.

The names of container and volume carry the run's, so that they can be taken away.
"""

import os

c = get_config()  # type: ignore[name-defined]  # JupyterHub gives it
run = os.environ["BENCH_NAME"]
c.JupyterHub.authenticator_class = "dummy"
c.Authenticator.allow_all = True
c.JupyterHub.spawner_class = "docker"
c.JupyterHub.hub_ip = "0.0.0.0"
c.JupyterHub.hub_connect_ip = "jupyterhub"
c.DockerSpawner.image = os.environ["BENCH_IMAGE"]
c.DockerSpawner.network_name = f"{run}-stock"
c.DockerSpawner.notebook_dir = "/home/jovyan/work"
c.DockerSpawner.volumes = {f"{run}-stock-{{username}}": "/home/jovyan/work"}
c.DockerSpawner.name_template = f"{run}-stock-server-{{username}}"
c.DockerSpawner.remove = True
c.Spawner.start_timeout = c.Spawner.http_timeout = 180  # a busy machine is to give a slow figure, not a failure
