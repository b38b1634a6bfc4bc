#!/bin/bash
# Makes the documentation of an image inside a container of it, without a network: /mnt/out/docs.tar.gz.
#   build.sh IMAGE    with wheels in /mnt/wheels, Debian's packages in /mnt/debian, names of libraries in /mnt/names.txt
set -euo pipefail
export PIP_ROOT_USER_ACTION=ignore PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PYTHONDONTWRITEBYTECODE=1
export HOME=/tmp/home TF_CPP_MIN_LOG_LEVEL=3 CUDA_VISIBLE_DEVICES=

mkdir -p /tmp/home /tmp/python /tmp/docs
python -m pip install --quiet --no-index --no-deps --require-hashes --find-links /mnt/wheels --target /tmp/tools \
  --requirement /mnt/docs/requirements.txt
for package in /mnt/debian/*.deb; do
  dpkg-deb --extract "$package" /tmp/python
done
PYTHONPATH=/tmp/tools python /mnt/docs/make.py "$1" /mnt/names.txt /tmp/python /tmp/docs
tar --create --gzip --file=/mnt/out/docs.tar.gz --directory=/tmp/docs --sort=name --owner=0 --group=0 --mtime=@0 \
  --mode=u=rwX,go=rX .
