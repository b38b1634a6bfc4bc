#!/bin/bash
# Puts packages into an image, as root in a container whose changes become a layer. Without a network, except to fetch.
#   fetch PACKAGE…   Debian's packages and what they need, to /mnt/debian
#   debian           installs what is in /mnt/debian
#   build NAME==…    makes wheels of the source archives in /mnt/wheels
#   python IMAGE     installs /mnt/lock.txt out of /mnt/wheels; students cannot write bytecode, so that it is compiled here
set -euo pipefail
export DEBIAN_FRONTEND=noninteractive PIP_ROOT_USER_ACTION=ignore PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1

case "$1" in
fetch)
  shift
  apt-get update -qq
  apt-get install -qq --yes --no-install-recommends --download-only -o APT::Sandbox::User=root \
    -o Dir::Cache::archives=/mnt/debian "$@"
  ;;
debian)
  # Debian's slim images leave manuals out too; some packages fail without the folder.
  mkdir -p /usr/share/man/man1
  apt-get install -qq --yes --no-install-recommends /mnt/debian/*.deb >/dev/null
  rm -rf /var/cache/apt/* /var/lib/apt/lists/* /var/log/apt /var/log/dpkg.log /var/log/alternatives.log \
    /var/cache/debconf/*-old /var/cache/ldconfig/aux-cache /usr/share/man/*
  find / -xdev -type f -perm /6000 -exec chmod a-s {} +
  ;;
build)
  shift
  python -m pip wheel --quiet --no-index --no-deps --no-build-isolation --find-links /mnt/wheels \
    --no-binary=:all: --wheel-dir /mnt/wheels "$@"
  ;;
python)
  python -m pip install --quiet --no-index --no-deps --require-hashes --find-links /mnt/wheels \
    --requirement /mnt/lock.txt
  python -m pip check
  cp /mnt/asked-for.txt "/opt/env/etc/campushub/asked-for/$2"
  ;;
esac
