"""A fresh Debian machine with systemd as a QEMU guest: git and python3, and nothing of this project.

Software emulation is enough (no KVM is asked for); Python in it runs roughly ten times slower than outside.
"""

from __future__ import annotations

import shutil
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml

from hub.debian import apt_sources, mirrors

PACKAGES = (
    "linux-image-cloud-amd64,systemd-sysv,ca-certificates,openssh-server,iproute2,udev,dbus,sudo,isc-dhcp-client,"
    "curl,git,python3"
)
TOOLS = {
    "qemu-system-x86_64": "qemu-system-x86",
    "qemu-img": "qemu-utils",
    "mmdebstrap": "mmdebstrap",
    "ssh": "openssh-client",
}
AUTHORITIES = Path("/usr/local/share/ca-certificates")
BOOT_SECONDS = 600


@dataclass
class Machine:
    """One guest; its files lie in a folder, ssh is on a port of the loopback address."""

    folder: Path
    port: int
    suite: str = "bookworm"
    memory: int = 6144  # MiB
    disk: str = "30G"
    process: subprocess.Popen[bytes] | None = None

    @property
    def ssh_words(self) -> list[str]:
        options = ("StrictHostKeyChecking=no", "UserKnownHostsFile=/dev/null", "ConnectTimeout=20", "LogLevel=ERROR")
        words = [word for option in options for word in ("-o", option)]
        return [*words, "-i", str(self.folder / "key")]

    def make(self) -> None:
        """Bootstrap the machine's disk, with this machine's extra certificate authorities and pip settings."""
        need_tools()
        self.folder.mkdir(parents=True, exist_ok=True)
        root = self.folder / "root"
        run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(self.folder / "key"))
        mirror, _ = mirrors(apt_sources())
        run("mmdebstrap", "--quiet", "--variant=important", f"--include={PACKAGES}", self.suite, str(root), mirror)
        for name, pattern in (("kernel", "vmlinuz-*"), ("initrd", "initrd.img-*")):
            shutil.copy(next((root / "boot").glob(pattern)), self.folder / name)
        self._furnish(root)
        disk = self.folder / "disk.img"
        run("truncate", "-s", self.disk, str(disk))
        run("mke2fs", "-q", "-t", "ext4", "-d", str(root), str(disk))
        shutil.rmtree(root)

    def _furnish(self, root: Path) -> None:
        keys = root / "root" / ".ssh"
        keys.mkdir(mode=0o700, exist_ok=True)
        shutil.copy(self.folder / "key.pub", keys / "authorized_keys")
        (root / "etc/fstab").write_text("/dev/vda / ext4 defaults 0 1\n", encoding="ascii")
        network = root / "etc/systemd/network/10-dhcp.network"
        network.write_text("[Match]\nName=en* eth*\n[Network]\nDHCP=yes\n", encoding="ascii")
        for authority in AUTHORITIES.glob("*.crt"):
            shutil.copy(authority, root / "usr/local/share/ca-certificates")
        run("chroot", str(root), "update-ca-certificates")
        if Path("/etc/pip.conf").exists():
            shutil.copy("/etc/pip.conf", root / "etc/pip.conf")
        run("chroot", str(root), "systemctl", "enable", "systemd-networkd", "ssh")

    def boot(self) -> None:
        """Start it and wait until ssh answers."""
        words = [
            # Without cx16: Debian 13's kernel uses it where QEMU 7.2's emulation ends in a double fault.
            *(
                "qemu-system-x86_64",
                "-accel",
                "tcg,thread=multi",
                "-cpu",
                "max,-cx16",
                "-m",
                str(self.memory),
                "-smp",
                "2",
            ),
            *("-display", "none", "-nodefaults", "-kernel", str(self.folder / "kernel")),
            *("-initrd", str(self.folder / "initrd"), "-append", "root=/dev/vda rw console=ttyS0"),
            *("-drive", f"file={self.folder / 'disk.img'},format=raw,if=virtio,cache=unsafe"),
            *("-netdev", f"user,id=n0,hostfwd=tcp:127.0.0.1:{self.port}-:22", "-device", "virtio-net-pci,netdev=n0"),
            *("-serial", f"file:{self.folder / 'console.log'}"),
        ]
        self.process = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.wait()

    def wait(self) -> None:
        until = time.monotonic() + BOOT_SECONDS
        while self.ssh("true", check=False).returncode:
            assert time.monotonic() < until, (self.folder / "console.log").read_text(errors="replace")[-2000:]
            time.sleep(3)

    def ssh(self, command: str, *, check: bool = True, seconds: float = 7200) -> subprocess.CompletedProcess[str]:
        words = ["ssh", *self.ssh_words, "-p", str(self.port), "root@127.0.0.1", command]
        done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=seconds)
        assert not check or done.returncode == 0, f"{command}\n{done.stdout[-4000:]}\n{done.stderr[-4000:]}"
        return done

    def inventory(self) -> Path:
        """An Ansible inventory that names this machine."""
        host = {
            "ansible_host": "127.0.0.1",
            "ansible_port": self.port,
            "ansible_user": "root",
            "ansible_ssh_private_key_file": str(self.folder / "key"),
            "ansible_ssh_common_args": "-o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null",
        }
        path = self.folder / "hosts.yml"
        path.write_text(yaml.safe_dump({"all": {"hosts": {"machine": host}}}), encoding="utf-8")
        return path

    def forward(self, port: int) -> subprocess.Popen[bytes]:
        """The machine's loopback port 8000 as a port here."""
        words = [
            "ssh",
            *self.ssh_words,
            "-N",
            "-L",
            f"127.0.0.1:{port}:127.0.0.1:8000",
            "-p",
            str(self.port),
            "root@127.0.0.1",
        ]
        return subprocess.Popen(words)

    def reboot(self) -> None:
        before = self.ssh("cat /proc/sys/kernel/random/boot_id").stdout
        self.ssh("systemctl reboot", check=False)
        until = time.monotonic() + BOOT_SECONDS
        while self.ssh("cat /proc/sys/kernel/random/boot_id", check=False).stdout in ("", before):
            assert time.monotonic() < until, "the machine did not come back"
            time.sleep(3)

    def stop(self) -> None:
        if self.process is not None:
            self.process.terminate()
            self.process.wait(timeout=60)


def run(*words: str) -> None:
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{' '.join(words[:3])}: {done.stderr[-2000:]}"


def need_tools() -> None:
    """QEMU and mmdebstrap, installed when they are not there."""
    missing: Sequence[str] = sorted({package for tool, package in TOOLS.items() if shutil.which(tool) is None})
    if missing:
        run("apt-get", "update", "-qq")
        run("apt-get", "install", "-y", "-qq", "--no-install-recommends", *missing)
