"""Whether a course has what its notebooks fetch, and what the administrator is told where it has not."""

from __future__ import annotations

import json

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from hub.downloads import find
from hub.downloads.lines import checksum_commands, data_lines
from hub.downloads.verdicts import Provided, Verdict, entries, judge
from tests.unit.test_downloads import notebook

ENTRY = {"licence": "CC0-1.0", "sha256": "0" * 64, "size": 1, "unpacked": False}
LIGHT = "https://zenodo.org/record/5071376/files/light.csv?download=1"
DENSENET = "densenet121_weights_tf_dim_ordering_tf_kernels_notop.h5"
INDEX = {
    "entries": [
        {**ENTRY, "name": "penguins", "path": "penguins/penguins.csv", "urls": [], "library": "seaborn"},
        {**ENTRY, "name": "weather", "path": "weather/light.csv", "urls": [LIGHT], "library": None},
        {**ENTRY, "name": "densenet", "path": f"densenet/{DENSENET}", "urls": [], "library": "keras-models"},
        {**ENTRY, "name": "vision", "path": "vision", "unpacked": True, "archive": ".archives/vision.zip", "library": "torch-hub",
         "urls": ["https://github.com/pytorch/vision/archive/refs/heads/main.zip"]},
    ]
}  # fmt: skip
HAS = Provided(
    entries(json.dumps(INDEX)),
    frozenset(["https://git.host.example/nn/course.git"]),
    packages={"scikit-learn": "1.9.1", "Keras": "3.15.1", "torch": "2.13.0+cpu", "lightgbm": ""},
)


def verdicts(code: str, has: Provided = HAS) -> list[Verdict]:
    return [judge(one, has) for one in find.in_file("a.ipynb", notebook(code))[0]]


@pytest.mark.parametrize(
    ("code", "how"),
    [
        ("import seaborn\nseaborn.load_dataset('penguins')", "/data/penguins/penguins.csv"),
        (f"pd.read_csv('{LIGHT}')", "/data/weather/light.csv"),
        (f"pd.read_csv('{LIGHT.removesuffix('?download=1').replace('https', 'http')}#a')", "/data/weather/light.csv"),
        ("pd.read_csv(f'https://zenodo.org/record/5071376/{name}')", "/data/weather/light.csv"),
        ("import keras\nkeras.applications.DenseNet121(include_top=False)", f"/data/densenet/{DENSENET}"),
        ("import torch\ntorch.hub.load('pytorch/vision', 'resnet18')", "/data/vision"),
        ("pd.read_csv('/data/weather/light.csv')", "/data/weather/light.csv"),
        (f"import httpx\nhttpx.get('{LIGHT}')", "/data/weather/light.csv"),
        (f"!wget -q '{LIGHT}' -O light.csv", "/data/weather/light.csv"),
        (f"!curl -L {LIGHT} | head", "/data/weather/light.csv"),
        ("own('/data/vision/hubconf.py')", "/data/vision"),
        ("!git clone https://git.host.example/nn/course", "repository"),
        ("!git clone git@git.host.example:nn/course.git", "repository"),
        ("!pip install scikit_learn keras==3.15.1 torch==2.13.0 lightgbm==4", "can go"),
        ("!pip install -q 'keras>=3'", "can go"),
    ],
)
def test_what_the_course_has(code: str, how: str) -> None:
    assert [one.there for one in verdicts(code)] == [True]
    assert how in verdicts(code)[0].word


@pytest.mark.parametrize(
    ("code", "what_to_do"),
    [
        ("import seaborn\nseaborn.load_dataset('tips')", "lines below"),
        ("pd.read_csv('https://zenodo.org/record/5071376/files/other.csv')", "lines below"),
        ("pd.read_csv('https://zenodo.org/record/5071376/files/light.csv?version=2')", "lines below"),
        ("pd.read_csv(f'https://host.example/{name}')", "write the whole address"),
        ("import keras\nkeras.applications.DenseNet121()", "lines below"),
        ("import keras\nkeras.applications.DenseNet121(include_top=top)", "lines below"),
        (f"!gdown '{LIGHT}'", "name /data/weather/light.csv here"),
        (f"import aiohttp\naiohttp.request('GET', '{LIGHT}')", "name /data/weather/light.csv here"),
        ("open('/data/weather/other.csv')", "mend the path"),
        ("!git clone https://git.host.example/nn/other.git", "into the course's material"),
        ("!pip install xgboost keras", "put xgboost into campushub-packages.txt"),
        ("!pip install tensorflow==1.15 keras==2.1", "The image has keras 3.15.1."),
        ("from transformers import AutoModel\nAutoModel.from_pretrained('bert')", "unpack: true"),
        ("!apt-get install -y graphviz", "the program in the course's image"),
        ("from google.colab import drive", "take it out"),
        (f"from IPython.display import Image\nImage(url='{LIGHT}')", "an empty place"),
    ],
)  # fmt: skip
def test_what_the_course_has_not(code: str, what_to_do: str) -> None:
    assert [one.there for one in verdicts(code)] == [False]
    assert what_to_do in verdicts(code)[0].word


def test_package_mirror_has_every_package_but_none_of_another_place() -> None:
    has = Provided(package_mirror=True)
    assert verdicts("!pip install xgboost", has)[0].there
    assert not verdicts("!conda install xgboost", has)[0].there
    assert not verdicts("!pip install git+https://host.example/a.git", has)[0].there


def test_lines_for_the_administrator_are_settings_and_name_each_file_once() -> None:
    code = (
        "import seaborn, keras\nseaborn.load_dataset('tips')\nseaborn.load_dataset('tips', cache=False)\nkeras.datasets.imdb.load_data()\n"
        "keras.applications.DenseNet121()\n"
        "own('https://host.example/a/tips.csv?x=1&y=#2')\nimport torch\ntorch.hub.load('o/n', 'm')\n"
        "from torchvision import datasets\ndatasets.Flowers102('d', download=True)"
    )
    lines = data_lines("nn", verdicts(code))
    data = yaml.safe_load("\n".join(lines))["courses"]["nn"]["data"]
    assert list(data) == [
        "tips",
        "imdb",
        "densenet121",
        "tips-2",
        "n",
        "data-102flowers",
        "imagelabels-mat",
        "setid-mat",
    ]
    assert data["tips"] == {
        "source": "https://raw.githubusercontent.com/mwaskom/seaborn-data/master/tips.csv",
        **{"sha256": "", "licence": "", "library": "seaborn", "file": "tips.csv"},
    }
    assert data["imdb"]["library"] == "keras-datasets"
    assert "library" not in data["tips-2"]
    assert [name for name, about in data.items() if about.get("unpack")] == ["n", "data-102flowers"]
    assert data["data-102flowers"]["file"] == "102flowers.tgz"
    assert checksum_commands(verdicts(code))[3] == "curl -fsSL 'https://host.example/a/tips.csv?x=1&y=#2' | sha256sum"


def test_nothing_is_to_be_written_where_everything_is_there() -> None:
    assert data_lines("nn", verdicts("import seaborn\nseaborn.load_dataset('penguins')")) == []


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "null", '{"entries": 3}', '{"entries": [3, {}, {"path": 3}]}', "[" * 100_000]
)
def test_index_that_is_none_has_no_entries(text: str) -> None:
    assert entries(text) == ()


@given(
    st.recursive(
        st.none() | st.booleans() | st.text() | st.integers(),
        lambda inner: (
            st.lists(inner) | st.dictionaries(st.sampled_from(["entries", "path", "urls", "name", "library"]), inner)
        ),
    )
)
def test_any_index_is_read(value: object) -> None:
    for entry in entries(json.dumps({"entries": value})) + entries(json.dumps(value)):
        assert isinstance(entry.file, str)
