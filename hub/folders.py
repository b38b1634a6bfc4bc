"""Where everything lies below the data folder."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Folders:
    """The folders of one hub; they are made by Ansible's role `folders`."""

    data: Path

    @property
    def config(self) -> Path:
        return self.data / "config"

    @property
    def secrets(self) -> Path:
        return self.data / "secrets"

    @property
    def hub(self) -> Path:
        return self.data / "hub"

    @property
    def service(self) -> Path:
        return self.data / "service"

    @property
    def homes(self) -> Path:
        return self.data / "homes"

    @property
    def grading_homes(self) -> Path:
        return self.data / "grading-homes"

    @property
    def courses(self) -> Path:
        return self.data / "courses"

    @property
    def material(self) -> Path:
        return self.data / "material"

    def material_copy(self, course: str) -> Path:
        """The bare git repository from which a course's servers pull its material."""
        return self.material / f"{course}.git"

    @property
    def data_sets(self) -> Path:
        """What courses provide to their people, fetched once: `blobs` by their SHA-256, a folder a course, the mirror's notes."""
        return self.data / "data"

    def course_data(self, course: str) -> Path:
        """What a course's people find at /data."""
        return self.data_sets / "courses" / course

    @property
    def docs(self) -> Path:
        """Documentation: of images, and in `archives` what courses add."""
        return self.data / "docs"

    @property
    def mirror_notes(self) -> Path:
        """What is mirrored and how that goes."""
        return self.data_sets / "mirror.json"

    @property
    def images(self) -> Path:
        return self.config / "images.json"

    @property
    def sandbox_hosts(self) -> Path:
        """The names of machines that a sandbox knows: its own."""
        return self.config / "sandbox-hosts"

    @property
    def course_images(self) -> Path:
        """Which packages courses asked for and have not got, and why."""
        return self.config / "course-images.json"

    @property
    def documented(self) -> Path:
        """Which folder of `docs` has an image's documentation."""
        return self.config / "docs.json"

    @property
    def last_backup(self) -> Path:
        return self.config / "last-backup.json"

    @property
    def restored_from(self) -> Path:
        """There while a restore is under way: how far it is, and which backup it puts back."""
        return self.data / ".restored-from"

    @property
    def wheelhouse(self) -> Path:
        return self.data / "wheelhouse"

    @property
    def packages(self) -> Path:
        """What the package mirror keeps."""
        return self.data / "packages"

    @property
    def first_passwords(self) -> Path:
        return self.data / "first-passwords"

    @property
    def front(self) -> Path:
        return self.data / "front"

    @property
    def authority(self) -> Path:
        """The root certificate of the hub's own authority, which the front makes."""
        return self.front / "pki" / "authorities" / "local" / "root.crt"
