"""Lets CampusHub act on a library when it is imported, and on nothing else.

Every Python of the image that has data of a course loads this at its start (`campushub.pth`): it imports nothing, stays within a
fraction of a millisecond, and nothing in it may keep Python from starting. What is done then is `campushub_client.libraries`'s.
"""

import sys

ACTS = {
    "urllib.request": "answer_urllib",
    "requests.adapters": "answer_requests",
    "urllib3.poolmanager": "answer_urllib3",
    "httpx._transports.default": "answer_httpx",
    "socket": "refuse_names",
    "aiohttp.resolver": "refuse_names_of_aiohttp",
    "sklearn.datasets._base": "ask_once",
    "sklearn.datasets._openml": "ask_once",
    "keras.src.utils.file_utils": "link_keras",
    "torch.hub": "link_torch",
    "torchvision.datasets.utils": "link_torchvision",
    "seaborn.utils": "link_seaborn",
}


class Finder:
    """Finds what the other finders find; a library that is to be acted on gets a loader that does so at its end."""

    @staticmethod
    def find_spec(name, path=None, target=None):
        if name not in ACTS:
            return None
        for finder in sys.meta_path:
            if finder is not Finder and hasattr(finder, "find_spec"):
                spec = finder.find_spec(name, path, target)
                if spec is not None:
                    _act_after(spec.loader)
                    return spec
        return None


def _act_after(loader):
    """Only on Python's own loaders of files, of which each module has its own: others may load more than this one."""
    if not isinstance(loader, type(__loader__)):
        return

    def exec_module(module):
        del loader.exec_module
        loader.exec_module(module)
        act(module)

    loader.exec_module = exec_module


def act(module):
    """Do what there is to do; a fault of ours is one line and no more."""
    try:
        from campushub_client import libraries

        getattr(libraries, ACTS[module.__name__])(module)
    except Exception as trouble:
        sys.stderr.write(f"campushub: what the course provides is not found by {module.__name__}: {trouble!r}\n")


sys.meta_path.insert(0, Finder)
for already in ACTS:
    if already in sys.modules:
        act(sys.modules[already])
