"""What Ansible is told of the settings."""

from __future__ import annotations

from pathlib import Path

from hub.provision import beside, variables
from hub.settings import Settings


def ports(**settings: object) -> list[str]:
    told = variables(Settings.model_validate(settings), Path("/program"), Path("/program/config/hub.yaml"))
    return list(told["campushub_front"]["ports"])


def test_hub_without_a_domain_listens_on_loopback_only() -> None:
    assert ports(port=8000) == ["127.0.0.1:8000:8000"]


def test_hub_with_a_domain_listens_for_https_and_for_those_it_sends_there() -> None:
    assert ports(domain="hub.example.edu") == ["127.0.0.1:8000:8000", "443:8443", "80:8080"]
    assert ports(domain="hub.example.edu", https={"redirect_port": 0}) == ["127.0.0.1:8000:8000", "443:8443"]


def test_files_of_the_settings_start_at_their_folder() -> None:
    https = {"certificate_file": "tls/hub.pem", "key_file": "/etc/ssl/hub.key"}
    told = variables(
        Settings.model_validate({"domain": "hub.example.edu", "https": https}),
        Path("/program"),
        Path("/program/config/hub.yaml"),
    )
    front = told["campushub_front"]
    assert (front["certificate"], front["key"]) == ("/program/config/tls/hub.pem", "/etc/ssl/hub.key")


def test_copy_of_a_named_file_serves_when_the_file_is_gone(tmp_path: Path) -> None:
    config, kept = tmp_path / "hub.yaml", tmp_path / "kept.pem"
    assert beside(config, Path("tls/hub.pem"), kept) == tmp_path / "tls" / "hub.pem", "neither is there"
    kept.touch()
    assert beside(config, Path("tls/hub.pem"), kept) == kept
    (tmp_path / "tls").mkdir()
    (tmp_path / "tls" / "hub.pem").touch()
    assert beside(config, Path("tls/hub.pem"), kept) == tmp_path / "tls" / "hub.pem"
    assert beside(config, None, kept) is None
