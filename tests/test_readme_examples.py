"""The Python examples in the READMEs and in the documentation run."""

import re
from pathlib import Path

import pytest

from kx.datasets import mnist

ROOT = Path(__file__).parents[1]
READMES = [ROOT / "README.md", *sorted(ROOT.glob("packages/*/README.md"))]
PAGES = [ROOT / "docs/deploy.md"]


def examples(path):
    return re.findall(r"^```python\n(.*?)^```$", path.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)


@pytest.mark.parametrize("path", [*READMES, *PAGES], ids=lambda path: str(path.relative_to(ROOT)))
def test_examples(path, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(mnist, "load_data", mnist.load_subset)  # no network, and a sixth of the time
    blocks = examples(path)
    assert blocks, f"no example in {path}"
    names = {"__name__": "example"}  # the blocks of a page go on with the names of those before
    for block in blocks:
        exec(compile(block, str(path), "exec"), names)


def test_readme_links_lead_somewhere():
    for path in [*READMES, ROOT / "CONTRIBUTING.md", *sorted(ROOT.glob("docs/**/*.md"))]:
        for link in re.findall(r"\]\((?!https?:|#|mailto:)([^)#\s]+)", path.read_text(encoding="utf-8")):
            assert (path.parent / link).exists(), f"{path.relative_to(ROOT)} links to {link}"
