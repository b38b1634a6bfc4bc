"""What is done to each library that looks for data, when it is imported: one small wrap around a function of its own.

The names are those that `campushub_hook` calls. A library of another make, without the function, is left as it is.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from contextlib import suppress
from functools import wraps
from pathlib import Path
from typing import Any

from campushub_client import caches, provided  # none of them imports a library that is acted on

Function = Callable[..., Any]


def _wrap(place: Any, name: str, around: Callable[[Function], Function]) -> None:
    original = getattr(place, name, None)
    if original is not None:
        setattr(place, name, wraps(original)(around(original)))


def answer_urllib(module: Any) -> None:
    """Every opener that is built, urllib's own and a person's, answers what is provided."""
    from campushub_client import answers

    def around(build: Function) -> Function:
        def build_opener(*handlers: Any) -> Any:
            opener = build(*handlers)
            opener.add_handler(answers.Provided())
            return opener

        return build_opener

    _wrap(module, "build_opener", around)


def answer_requests(module: Any) -> None:
    """Every adapter that a session may have answers what is provided."""
    from campushub_client import answers

    _wrap(module.HTTPAdapter, "send", answers.send_of_requests)


def answer_urllib3(module: Any) -> None:
    """Every manager of pools answers what is provided; requests speaks to the pools themselves, and has been answered before."""
    from campushub_client import answers

    _wrap(module.PoolManager, "urlopen", answers.urlopen_of_urllib3)


def answer_httpx(module: Any) -> None:
    """Every client of httpx, also one that does not block, answers what is provided."""
    from campushub_client import answers

    _wrap(module.HTTPTransport, "handle_request", answers.handle_of_httpx)
    _wrap(module.AsyncHTTPTransport, "handle_async_request", answers.handle_async_of_httpx)


def refuse_names(module: Any) -> None:
    """A name outside is refused with the sentence, whichever library asks, instead of being looked for until somebody's patience ends."""

    def around(look_up: Function) -> Function:
        def getaddrinfo(host: Any, *given: Any, **named: Any) -> Any:
            name = host.decode("ascii", "replace") if isinstance(host, bytes) else host
            if isinstance(name, str) and provided.is_outside(f"//{name}"):
                raise module.gaierror(module.EAI_NONAME, provided.sentence(name))
            return look_up(host, *given, **named)

        return getaddrinfo

    _wrap(module, "getaddrinfo", around)


def refuse_names_of_aiohttp(module: Any) -> None:
    """The same for aiohttp, which looks names up by itself."""

    def around(look_up: Function) -> Function:
        async def resolve(self: Any, host: str, *given: Any, **named: Any) -> Any:
            if provided.is_outside(f"//{host}"):
                raise OSError(None, provided.sentence(host))
            return await look_up(self, host, *given, **named)

        return resolve

    _wrap(module.AsyncResolver, "resolve", around)


def ask_once(module: Any) -> None:
    """scikit-learn asks again three times, a second apart, after any error of urllib's."""

    def around(ask: Function) -> Function:
        def once(*given: Any, **named: Any) -> Any:
            try:
                return ask(*given, **named)
            except provided.NotHere as refused:
                raise ConnectionError(refused.reason) from None

        return once

    for name in ("urlretrieve", "urlopen"):
        _wrap(module, name, around)


def link_torch(module: Any) -> None:
    """Torch finds checkpoints and repositories in its own folder, wherever that is."""

    def around(get: Function) -> Function:
        return lambda: caches.with_links(get(), caches.torch())

    _wrap(module, "get_dir", around)


def link_keras(module: Any) -> None:
    """Keras finds files in its own folder; what it would download or unpack into that becomes a link as well."""

    def home() -> str:
        return str(Path(module.config.keras_home()).expanduser())

    def is_cache(path: str) -> bool:
        return path.startswith((f"{home()}/", f"{tempfile.gettempdir()}/"))

    def around_get(get: Function) -> Function:
        def get_file(*given: Any, **named: Any) -> Any:
            if named.get("cache_dir") is None and len(given) < 10:  # else it is the tenth
                named["cache_dir"] = caches.with_links(home(), caches.keras())
            return get(*given, **named)

        return get_file

    def around_retrieve(retrieve: Function) -> Function:
        def urlretrieve(url: str, filename: str, *given: Any, **named: Any) -> Any:
            entry = provided.find(url)
            if entry is not None and is_cache(filename) and caches.put(filename, entry.path):
                return filename, None
            return retrieve(url, filename, *given, **named)

        return urlretrieve

    def around_extract(extract: Function) -> Function:
        def extract_archive(file_path: Any, path: Any = ".", archive_format: Any = "auto") -> Any:
            tree = caches.tree_of(os.fspath(file_path)) if archive_format and is_cache(os.fspath(path)) else None
            return (tree and caches.put(os.fspath(path), tree)) or extract(file_path, path, archive_format)

        return extract_archive

    _wrap(module, "get_file", around_get)
    _wrap(module, "urlretrieve", around_retrieve)
    _wrap(module, "extract_archive", around_extract)


def link_torchvision(module: Any) -> None:
    """A data set that torchvision would download and unpack becomes links, wherever a person keeps it."""

    def around_download(download: Function) -> Function:
        def download_url(url: str, root: Any, filename: Any = None, md5: Any = None, *given: Any, **named: Any) -> None:
            place = Path(root).expanduser() / (filename or url.rpartition("/")[2])
            entry = provided.find(url)
            if entry is not None and not place.exists():
                with suppress(OSError):
                    place.parent.mkdir(parents=True, exist_ok=True)
                if caches.put(str(place), entry.path) and not module.check_integrity(str(place), md5):
                    place.unlink()  # it will say so
            download(url, root, filename, md5, *given, **named)

        return download_url

    def around_extract(extract: Function) -> Function:
        def extract_archive(from_path: Any, to_path: Any = None, remove_finished: bool = False) -> Any:
            tree, place = caches.tree_of(os.fspath(from_path)), os.fspath(to_path or Path(from_path).parent)
            if tree is None or not caches.put_tree(place, tree):
                return extract(from_path, to_path, remove_finished)
            if remove_finished:
                Path(from_path).unlink()
            return type(from_path)(place)

        return extract_archive

    _wrap(module, "download_url", around_download)
    _wrap(module, "extract_archive", around_extract)


def link_seaborn(module: Any) -> None:
    """Seaborn finds tables in its own folder; its list names those, and what is none of them is refused by its own URL."""

    def around_home(get: Function) -> Function:
        def get_data_home(data_home: Any = None) -> Any:
            if data_home is not None or "SEABORN_DATA" in os.environ:
                return get(data_home)
            return get(caches.with_links(module.user_cache_dir("seaborn"), caches.seaborn()))

        return get_data_home

    def around_names(_: Function) -> Function:
        return lambda: sorted(caches.seaborn_names(module.DATASET_SOURCE))

    def around_load(load: Function) -> Function:
        def load_dataset(name: Any, cache: bool = True, data_home: Any = None, **kws: Any) -> Any:
            asked = isinstance(name, str) and cache and name not in module.get_dataset_names()
            if asked and not (Path(module.get_data_home(data_home)) / f"{name}.csv").exists():
                raise provided.NotHere(f"{module.DATASET_SOURCE}/{name}.csv")
            return load(name, cache, data_home, **kws)

        return load_dataset

    _wrap(module, "get_data_home", around_home)
    _wrap(module, "get_dataset_names", around_names)
    _wrap(module, "load_dataset", around_load)
