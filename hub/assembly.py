"""Where the settings become JupyterHub's configuration: one small function a subject, each only sets values."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hub.authenticator import CampusAuthenticator
from hub.secrets import Secrets
from hub.settings import Settings
from hub.signin import SCOPES
from hub.spawner import CampusSpawner

TEMPLATES = Path(__file__).resolve().parent / "templates"
SERVICE_ACCESS = "access:services!service=courses"
TITLES = {"oidc": "your campus account", "github": "GitHub", "google": "Google"}
HUB_PORT, PROXY_API_PORT, SERVICE_PORT = 8081, 8001, 8010


def configure(c: Any, settings: Settings, path: Path) -> None:
    """Set everything JupyterHub needs; `path` is where the settings came from and are read again."""
    secrets = Secrets(settings.folders.secrets)
    service = f"http://{settings.core_address('service')}:{SERVICE_PORT}/courses/api"
    _hub(c, settings, secrets)
    _proxy(c, settings, secrets)
    _people(c, settings, service, secrets)
    _services(c, secrets)
    _servers(c, settings, path, service)


def _hub(c: Any, settings: Settings, secrets: Secrets) -> None:
    c.JupyterHub.hub_bind_url = f"http://0.0.0.0:{HUB_PORT}"
    # Servers reach the hub on the students' network; its own address there is the one they are told.
    c.JupyterHub.hub_connect_url = f"http://{settings.address('hub')}:{HUB_PORT}"
    c.JupyterHub.db_url = f"sqlite:///{settings.folders.hub / 'jupyterhub.sqlite'}"
    c.JupyterHub.cookie_secret = bytes.fromhex(secrets.read("cookie"))
    c.JupyterHub.cleanup_servers = False  # a restart of the hub leaves every server running
    c.JupyterHub.cleanup_proxy = False
    c.JupyterHub.default_url = "/courses/"
    c.JupyterHub.template_paths = [str(TEMPLATES)]
    c.JupyterHub.allow_named_servers = True
    c.JupyterHub.concurrent_spawn_limit = 24
    c.JupyterHub.authenticate_prometheus = True
    c.JupyterHub.trusted_downstream_ips = [settings.core_address("front"), settings.core_address("proxy")]
    c.JupyterHub.tornado_settings = {
        "headers": {"X-Content-Type-Options": "nosniff", "Referrer-Policy": "same-origin"},
        "xsrf_cookie_kwargs": {"secure": settings.domain is not None},
    }
    c.JupyterHub.shutdown_on_logout = False


def _proxy(c: Any, settings: Settings, secrets: Secrets) -> None:
    c.ConfigurableHTTPProxy.should_start = False
    c.ConfigurableHTTPProxy.api_url = f"http://{settings.core_address('proxy')}:{PROXY_API_PORT}"
    # The proxy keeps routes in memory only; a restarted one has them again after this many seconds.
    c.JupyterHub.last_activity_interval = 10
    c.ConfigurableHTTPProxy.auth_token = secrets.read("proxy")


def _people(c: Any, settings: Settings, service: str, secrets: Secrets) -> None:
    c.JupyterHub.authenticator_class = CampusAuthenticator
    c.CampusAuthenticator.service = service
    c.CampusAuthenticator.token = secrets.read("hub")
    c.Authenticator.allow_all = True  # whom the service knows; it asks the rosters
    c.Authenticator.enable_auth_state = False
    login = settings.login
    if login.method == "accounts":
        return
    title = login.title or TITLES[login.method]
    c.CampusAuthenticator.provider = login.method
    c.JupyterHub.template_vars = {"provider": title}
    c.ByClaim.claim, c.ByClaim.issuer = login.matches, login.issuer
    c.ByClaim.service, c.ByClaim.token = service, secrets.read("hub")
    c.OAuthenticator.login_service, c.OAuthenticator.scope = title, SCOPES[login.method]
    c.OAuthenticator.client_id, c.OAuthenticator.client_secret = login.client_id, secrets.read("sign-in")
    c.OAuthenticator.oauth_callback_url = f"{settings.url}/hub/oauth_callback"
    if login.method == "github" and login.issuer:
        c.GitHubOAuthenticator.github_url = login.issuer


def _services(c: Any, secrets: Secrets) -> None:
    # Registered without `url`: with one, the hub's start waits for each of them in turn. The front routes to them.
    c.JupyterHub.services = [
        {
            "name": "courses",
            "api_token": secrets.read("service"),
            "oauth_client_id": "service-courses",
            "oauth_redirect_uri": "/courses/oauth_callback",
            "oauth_no_confirm": True,
        },
        {"name": "culler", "api_token": secrets.read("culler")},
    ]
    c.JupyterHub.load_roles = [
        {"name": "user", "scopes": ["self", SERVICE_ACCESS]},
        {
            "name": "courses",
            "services": ["courses"],
            "scopes": ["list:users", "read:users", "read:servers", "delete:servers"],
        },
        {
            "name": "culler",
            "services": ["culler"],
            "scopes": ["list:users", "read:users:activity", "read:servers", "delete:servers"],
        },
    ]


def _servers(c: Any, settings: Settings, path: Path, service: str) -> None:
    c.JupyterHub.spawner_class = CampusSpawner
    c.CampusSpawner.config_path = str(path)
    c.CampusSpawner.service = service
    c.CampusSpawner.service_for_servers = f"http://{settings.address('service')}:{SERVICE_PORT}/courses/api"
    c.CampusSpawner.name_template = settings.name + "-server-{username}--{servername}"
    c.CampusSpawner.network_name = f"{settings.name}-students"
    c.CampusSpawner.use_internal_ip = True
    c.CampusSpawner.pull_policy = "never"
    c.CampusSpawner.remove = True
    c.CampusSpawner.disable_user_config = True
    c.CampusSpawner.server_token_scopes = ["users:activity!user", "access:servers!server", SERVICE_ACCESS]
    c.CampusSpawner.consecutive_failure_limit = 0
    c.CampusSpawner.poll_interval = 10  # seconds until the hub sees that a server ended by itself
    c.CampusSpawner.start_timeout = 120
    c.CampusSpawner.http_timeout = 90
