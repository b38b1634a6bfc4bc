"""What notebooks would fetch, found by reading: by library and by address, with cell and line; what fetches nothing is not told."""

from __future__ import annotations

import json
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.downloads import Found, Kind, find
from hub.downloads import tables as tables_of


def notebook(*cells: str) -> bytes:
    """A notebook of code; a cell that begins with `text:` is Markdown."""
    made: list[dict[str, object]] = [
        {"cell_type": "markdown", "source": cell.removeprefix("text:"), "metadata": {}}
        if cell.startswith("text:")
        else {"cell_type": "code", "source": cell, "metadata": {}, "outputs": [], "execution_count": None}
        for cell in cells
    ]
    return json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": made}).encode()


def found(*cells: str) -> list[Found]:
    return find.in_file("a.ipynb", notebook(*cells))[0]


def urls(*cells: str) -> list[str]:
    """The addresses that are fetched; a beginning of one ends in an ellipsis."""
    return [file.url + ("" if file.whole else "…") for one in found(*cells) for file in one.download.wanted]


KERAS = "https://storage.googleapis.com/tensorflow/tf-keras-datasets/"
WEIGHTS = "https://storage.googleapis.com/tensorflow/keras-applications/"
DENSENET = f"{WEIGHTS}densenet/densenet121_weights_tf_dim_ordering_tf_kernels"
SEABORN = "https://raw.githubusercontent.com/mwaskom/seaborn-data/master/"
HOST = "https://host.example/"


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("import seaborn as sns\nsns.load_dataset('penguins')", [f"{SEABORN}penguins.csv"]),
        ("from seaborn import load_dataset as load\nload(name='iris')", [f"{SEABORN}iris.csv"]),
        ("import seaborn\nwhich = 'tips'\nseaborn.load_dataset(which)", [f"{SEABORN}tips.csv"]),
        ("import seaborn\nseaborn.load_dataset(input())", [f"{SEABORN}…"]),
        ("import seaborn\nfor n in ['a', 'b']:\n    seaborn.load_dataset(n)", [f"{SEABORN}a.csv", f"{SEABORN}b.csv"]),
        ("import keras\nkeras.datasets.mnist.load_data()", [f"{KERAS}mnist.npz"]),
        ("import tensorflow as tf\ntf.keras.datasets.mnist.load_data()", [f"{KERAS}mnist.npz"]),
        ("import tensorflow as tf\nmnist = tf.keras.datasets.mnist\nmnist.load_data()", [f"{KERAS}mnist.npz"]),
        ("import tensorflow as tf\nkeras = tf.keras\nd = keras.datasets\nd.imdb.load_data()", [f"{KERAS}imdb.npz"]),
        ("from keras.datasets import imdb as words\nwords.get_word_index()", [f"{KERAS}imdb_word_index.json"]),
        ("from tensorflow.keras.datasets.mnist import load_data\nload_data()", [f"{KERAS}mnist.npz"]),
        (
            "from tensorflow import keras\nkeras.datasets.cifar10.load_data()",
            ["https://www.cs.toronto.edu/~kriz/cifar-10-python.tar.gz"],
        ),
        (
            "from keras.applications import DenseNet121\nDenseNet121(weights='imagenet', include_top=False)",
            [f"{DENSENET}_notop.h5"],
        ),
        ("from keras.applications.densenet import DenseNet121\nDenseNet121()", [f"{DENSENET}.h5"]),
        ("import keras\nkeras.applications.DenseNet121(False)", [f"{DENSENET}_notop.h5"]),
        ("import keras\nkeras.applications.DenseNet121(include_top=top)", [f"{DENSENET}.h5", f"{DENSENET}_notop.h5"]),
        ("import keras\nw = 'imagenet'\nkeras.applications.DenseNet121(weights=w)", [f"{DENSENET}.h5"]),
        ("import keras\nkeras.applications.MobileNet(alpha=0.5)", [f"{WEIGHTS}mobilenet/mobilenet_5_0_224_tf.h5"]),
        ("import keras\nkeras.applications.NASNetMobile()", [f"{WEIGHTS}nasnet/NASNet-mobile.h5"]),
        ("from keras.applications.vgg16 import decode_predictions\ndecode_predictions(p)", [tables_of.CLASS_INDEX]),
        (f"import keras\nkeras.utils.get_file('a.zip', origin='{HOST}b.zip', extract=True)", [f"{HOST}b.zip"]),
        (
            "import torch\ntorch.hub.load('pytorch/vision:v0.10.0', 'resnet18')",
            ["https://github.com/pytorch/vision/zipball/v0.10.0"],
        ),
        (
            f"from torch.hub import load_state_dict_from_url\nload_state_dict_from_url('{HOST}a-1.pth')",
            [f"{HOST}a-1.pth"],
        ),
        (
            "from torchvision import models\nmodels.resnet18(weights='DEFAULT')",
            ["https://download.pytorch.org/models/resnet18-…"],
        ),
        ("from torchvision.models import resnet18\nresnet18(True)", ["https://download.pytorch.org/models/resnet18-…"]),
        (
            "from sklearn.datasets import fetch_olivetti_faces\nfetch_olivetti_faces()",
            ["https://ndownloader.figshare.com/files/5976027"],
        ),
        ("from datasets import load_dataset\nload_dataset('imdb')", ["https://huggingface.co/datasets/imdb…"]),
        ("from transformers import AutoModel\nAutoModel.from_pretrained('a/b')", ["https://huggingface.co/a/b…"]),
        ("import nltk\nnltk.download('punkt')", ["https://raw.githubusercontent.com/nltk/nltk_data/gh-pages/…"]),
        ("import gdown\ngdown.download('https://drive.google.com/uc?id=1', 'a')", ["https://drive.google.com/uc?id=1"]),
        ("import wget\nwget.download('ftp://host.example/a')", ["ftp://host.example/a"]),
    ],
)
def test_libraries_fetch_what_they_are_asked_for(code: str, expected: list[str]) -> None:
    assert urls(code) == expected


LIGHT = "https://zenodo.org/record/5071376/files/weather_prediction_dataset_light.csv?download=1"


def test_lesson_of_the_carpentries() -> None:
    """Lines of `Introduction to deep learning`."""
    told = found(
        "import seaborn as sns\n\npenguins = sns.load_dataset('penguins')",
        f'import pandas as pd\n\nfilename_data = "weather_prediction_dataset_light.csv"\ndata = pd.read_csv("{LIGHT}")\ndata.head()',
        "from tensorflow import keras\nbase_model = keras.applications.DenseNet121(include_top=False,\n"
        "                                            pooling='max',\n                                            weights='imagenet')",
        "(train_images, train_labels), (val, labels) = keras.datasets.cifar10.load_data()",
    )
    assert [one.place for one in told] == [
        f"a.ipynb, cell {cell}, line {line}" for cell, line in ((1, 3), (2, 4), (3, 2), (4, 1))
    ]
    assert told[0].download.needs == "the data set penguins of seaborn"
    assert told[1].download.wanted[0].file == "weather_prediction_dataset_light.csv"
    assert told[2].download.needs == "the weights of DenseNet121 of Keras without the top"
    assert told[2].download.wanted[0].library == "keras-models"


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        (["import pandas as pd\npd.read_csv('https://host.example/a.csv')"], [f"{HOST}a.csv"]),
        (["pd.read_csv(filepath_or_buffer='https://host.example/a.csv')"], [f"{HOST}a.csv"]),
        (["URL = 'https://host.example/a.csv'", "pd.read_csv(URL)"], [f"{HOST}a.csv"]),
        (["base = 'https://host.example/'", "own(base + 'a' + '.csv')"], [f"{HOST}a.csv"]),
        (["base = 'https://host.example/'\nown(f'{base}a.csv')"], [f"{HOST}a.csv"]),
        (["own(f'https://host.example/{year}.csv')"], [f"{HOST}…"]),
        (["own('https://host.example/%s.csv' % year)"], [f"{HOST}…"]),
        (["own('https://host.example/{}.csv'.format(year))"], [f"{HOST}…"]),
        (["own('https://host.example/' + name())"], [f"{HOST}…"]),
        (["import os\nown(os.path.join('https://host.example', 'a.csv'))"], [f"{HOST}a.csv"]),
        (["from urllib.parse import urljoin\nown(urljoin('https://host.example/', 'a.csv'))"], [f"{HOST}a.csv"]),
        (["own('/'.join(['https://host.example', 'a.csv']))"], [f"{HOST}a.csv"]),
        (["for u in ['https://host.example/a', 'https://host.example/b']:\n    own(u)"], [f"{HOST}a", f"{HOST}b"]),
        (["links = {'a': 'https://host.example/a', 'b': 'https://host.example/b'}", "own(links['b'])"], [f"{HOST}b"]),
        (
            [
                "links = {'a': 'https://host.example/a'}",
                "for name, link in links.items():\n    own(link)\n    Path(name)",
            ],
            [f"{HOST}a"],
        ),
        (
            ["pairs = [('a', 'https://host.example/a')]\nfor name, link in pairs:\n    own(link)\n    Path(name)"],
            [f"{HOST}a"],
        ),
        (["for n, link in zip(names, ['https://host.example/a']):\n    own(link)"], [f"{HOST}a"]),
        (["links = []\nlinks.append('https://host.example/a')\nfor link in links:\n    own(link)"], [f"{HOST}a"]),
        (["[own(u) for u in ('https://host.example/a',)]"], [f"{HOST}a"]),
        (["def get(url='https://host.example/a'):\n    return own(url)"], [f"{HOST}a"]),
        (
            [
                "class Set:\n    def __init__(self):\n        self.url = 'https://host.example/a'\n    def get(self):\n        own(self.url)"
            ],
            [f"{HOST}a"],
        ),
        (["from git import Repo\nRepo.clone_from('https://host.example/a.git', 'a')"], [f"{HOST}a.git"]),
        (["import os\nlink = os.environ.get('LINK', 'https://host.example/a')\nown(link)"], [f"{HOST}a"]),
        (["%time own('https://host.example/a')"], [f"{HOST}a"]),
        (["%%capture\nown('https://host.example/a')"], [f"{HOST}a"]),
    ],
)
def test_addresses_are_followed_to_the_call_that_gets_them(cells: list[str], expected: list[str]) -> None:
    assert urls(*cells) == expected


@pytest.mark.parametrize(
    "cell",
    [
        "# pd.read_csv('https://host.example/a.csv')",
        "'''See https://host.example/a.csv'''",
        "def f():\n    '''https://host.example/a.csv'''",
        "print('https://host.example/a.csv')",
        "link = 'https://host.example/a.csv'",
        "raise ValueError('https://host.example/a')",
        "import logging\nlogging.info('https://host.example/a')",
        "'https://host.example/a'.split('/')",
        "from urllib.parse import urlparse\nurlparse('https://host.example/a')",
        "ax.set_title('https://host.example/a')",
        "own('https://host.example/a is a page about it')",
        "own('http://localhost:8888/a')",
        "own('http://127.0.0.1:5000')",
        "own('https://')",
        "ET.register_namespace('', 'http://www.w3.org/2000/svg')",
        "requests.get(link, headers={'Referer': 'https://host.example'})",
        "import keras\nkeras.applications.VGG16(weights=None)",
        "import keras\nkeras.applications.VGG16(weights='mine.weights.h5')",
        "import keras\nkeras.applications.VGG16(weights=given)",
        "import torch\ntorch.hub.load('own', 'model', source='local')",
        "from torchvision import datasets\ndatasets.MNIST('data')",
        "from sklearn.datasets import load_iris\nload_iris()",
        "from transformers import AutoModel\nAutoModel.from_pretrained('./bert')",
        "from IPython.display import Image\nImage('plan.png')",
        "pd.read_csv('a.csv')",
        "open('/database/a.csv')",
        "!pip list",
        "!echo https://host.example",
        "%%html\n<a href='https://host.example'>a page</a>",
        "text:[a page](https://host.example/a) and <https://host.example/b> and `![a](https://host.example/c)`",
        "text:```\n![a](https://host.example/a.png)\n```",
        "text:![a](figures/a.png) ![b](attachment:b.png)",
    ],
)
def test_what_fetches_nothing_is_not_told(cell: str) -> None:
    assert [one for one in found(cell) if one.download.kind is not Kind.UNSEEN] == []


@pytest.mark.parametrize(
    ("cell", "packages"),
    [
        ("!pip install lightgbm", ("lightgbm",)),
        ("%pip install -q 'a>=1' b[all]", ("a>=1", "b[all]")),
        ("!{sys.executable} -m pip install a", ("a",)),
        ("!pip install -r requirements.txt", ("those of requirements.txt",)),
        ("!pip install -i https://host.example/simple a", ("a",)),
        ("!cd x && pip3 install a # why", ("a",)),
        ("import subprocess, sys\nsubprocess.check_call([sys.executable, '-m', 'pip', 'install', 'a'])", ("a",)),
        ("!pip install git+https://host.example/a.git", ("git+https://host.example/a.git",)),
    ],
)
def test_packages_are_told_by_name(cell: str, packages: tuple[str, ...]) -> None:
    assert [(one.download.kind, one.download.packages) for one in found(cell)] == [(Kind.PACKAGE, packages)]


@pytest.mark.parametrize(
    ("cell", "kind", "expected"),
    [
        ("!wget -q https://host.example/a.csv -O b.csv", Kind.FILE, [f"{HOST}a.csv"]),
        ("!curl -L 'https://host.example/a?b=1&c=2' > a", Kind.FILE, [f"{HOST}a?b=1&c=2"]),
        ("!wget https://host.example/$NAME", Kind.FILE, [f"{HOST}$NAME…"]),
        ("!git clone https://host.example/a.git", Kind.REPOSITORY, [f"{HOST}a.git"]),
        ("!git clone git@host.example:a/b.git", Kind.REPOSITORY, ["git@host.example:a/b.git"]),
        ("%%bash\n\napt-get install -y graphviz", Kind.PROGRAM, []),
        ("%conda install -y a", Kind.CONDA, []),
        ("from google.colab import drive", Kind.SERVICE, []),
        ("import google.colab", Kind.SERVICE, []),
        ("import kagglehub\nkagglehub.dataset_download('a/b')", Kind.HUGE, ["https://www.kaggle.com/…"]),
        ("from torchvision import datasets\ndatasets.Kinetics('d', download=True)", Kind.HUGE, []),
        (
            "from torchvision import datasets\ndatasets.CIFAR10('d', download=True)",
            Kind.FILE,
            ["https://www.cs.toronto.edu/~kriz/cifar-10-python.tar.gz"],
        ),
        (
            "import tensorflow_datasets as tfds\ntfds.load('mnist')",
            Kind.HUGE,
            ["https://storage.googleapis.com/tfds-data/…"],
        ),
        ("text:![a](https://host.example/a.png)", Kind.SHOWN, [f"{HOST}a.png"]),
        ("text:![a][1]\n\n[1]: https://host.example/a.png", Kind.SHOWN, [f"{HOST}a.png"]),
        ("text:<p><IMG width=3 SRC='https://host.example/a.png'>", Kind.SHOWN, [f"{HOST}a.png"]),
        ('text:<iframe src="//host.example/a"></iframe>', Kind.SHOWN, [f"{HOST}a"]),
        ("text:<video controls><source src='https://host.example/a.mp4'></video>", Kind.SHOWN, [f"{HOST}a.mp4"]),
        ("%%html\n<img src=https://host.example/a.png>", Kind.SHOWN, [f"{HOST}a.png"]),
        (
            "from IPython.display import HTML\nHTML('<img src=\"https://host.example/a.png\">')",
            Kind.SHOWN,
            [f"{HOST}a.png"],
        ),
        ("from IPython.display import Image\nImage(url='https://host.example/a.png')", Kind.SHOWN, [f"{HOST}a.png"]),
        ("from IPython.display import IFrame\nIFrame('https://host.example/a', 300, 200)", Kind.SHOWN, [f"{HOST}a"]),
        (
            "from IPython import display\ndisplay.YouTubeVideo('abc')",
            Kind.SHOWN,
            ["https://www.youtube.com/embed/abc…"],
        ),
        ("open('/data/weather/a.csv')", Kind.FILE, ["/data/weather/a.csv"]),
    ],
)
def test_other_ways_out(cell: str, kind: Kind, expected: list[str]) -> None:
    assert [one.download.kind for one in found(cell)] == [kind]
    assert urls(cell) == expected


def test_place_is_the_line_of_the_cell() -> None:
    told = found(
        "text:one\n\n![a](https://host.example/a.png)",
        "\nx = 1\n\n!wget https://host.example/b",
        "%%html\n<p>\n<img src='https://host.example/c'>",
    )
    assert [one.place for one in told] == [
        "a.ipynb, cell 1, line 3",
        "a.ipynb, cell 2, line 4",
        "a.ipynb, cell 3, line 3",
    ]


def test_same_download_is_told_once_a_cell() -> None:
    assert (
        len(found("own('https://host.example/a')\nown('https://host.example/a')", "own('https://host.example/a')")) == 2
    )


def test_cell_that_is_no_python_is_told_and_the_others_are_read() -> None:
    told, unread = find.in_file("a.ipynb", notebook("def broken(:", "own('https://host.example/a')"))
    assert [str(one) for one in unread] == [
        "a.ipynb, cell 1: is not Python, so that what this cell fetches is not known."
    ]
    assert [one.cell for one in told] == ["cell 2"]


def test_file_that_is_no_notebook_is_told() -> None:
    assert "cannot be read as a notebook" in str(find.in_file("a.ipynb", b"{")[1][0])


def test_file_of_python_is_read_too() -> None:
    assert [one.place for one in find.in_file("own.py", b"\nown('https://host.example/a')")[0]] == ["own.py, line 2"]


def test_no_entry_of_the_table_hides_a_later_one() -> None:
    named = [begin for begin, *_ in tables_of.NAMED]
    assert not [
        (a, b) for place, a in enumerate(named) for b in named[place + 1 :] if b.startswith(a) and a[-1] in "._"
    ]


@pytest.mark.parametrize(
    "cell",
    [
        "x = " + "+".join(["'a'"] * 20_000),
        "f(" * 80 + ")" * 80,
        "x" + ".a" * 20_000 + "('https://host.example/a')",
        "\n".join(f"a{n} = f'{{a{n - 1}}}{{a{n - 1}}}{{b}}'" for n in range(1, 400))
        + "\nb = ['x', 'y', 'z']\nown(a399)",
        "\n".join(f"u.append('https://host.example/{n}')\nown(u)" for n in range(2_000)),
        "x = {"
        + ",".join(f"'{n}': 'https://host.example/{n}'" for n in range(20_000))
        + "}\nfor a, b in x.items():\n    own(b)",
        "\n".join(
            f"for a{n}, b{n} in zip(a{n - 1}, b{n + 1}, a{n}, b{n}):\n    own(a{n}, b{n}, a{(n * 7) % 50})"
            for n in range(50)
        ),
        "for a in b:\n    b, c = a + b, [a, b, c, (b, a)]\nfor b, a in zip(c, [b, a], a):\n    c = a + c\nown(a, b, c)",
        "!" + "a" * 100_000,
        "x " * 100_000 + "= !ls",
        "(" * 5_000,
        "text:" + "![" * 20_000,
        "text:" + "<img " * 20_000,
    ],
    ids=lambda cell: cell[:12],
)
def test_huge_cell_takes_bounded_time(cell: str) -> None:
    began = time.monotonic()
    find.in_file("a.ipynb", notebook(cell, "own(x)"))
    assert time.monotonic() - began < 10


WORDS = [
    "!",
    "%",
    "%%",
    "\n",
    " ",
    "(",
    ")",
    "'",
    '"',
    "f'",
    "{",
    "}",
    "=",
    "x",
    "own",
    "https://host.example/",
    "pip install ",
    "import ",
    "keras",
    ".",
    ",",
    "for x in y:",
    "[",
    "]",
    "+",
    "\\",
    "?",
    "#",
    "<img src=",
]


@settings(max_examples=300)
@given(st.one_of(st.text(), st.lists(st.sampled_from(WORDS)).map("".join)), st.sampled_from(["", "text:"]))
def test_any_cell_is_read(text: str, kind: str) -> None:
    find.in_file("a.ipynb", notebook(kind + text))


@given(st.binary())
def test_any_file_is_read(content: bytes) -> None:
    for name in ("a.ipynb", "a.py"):
        find.in_file(name, content)
