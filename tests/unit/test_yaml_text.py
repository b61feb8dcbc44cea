"""YAML is read the same by the fast parser as by the safe one of pure Python, and asks for nothing but values."""

import pytest
import yaml

from svd_lib.yaml_text import read_yaml


def test_every_file_of_the_project_says_the_same_to_both_parsers(root):
    paths = [root / "_config.yml", root / "_toc.yml", *sorted(path for path in (root / "data").rglob("*.yml") if "raw" not in path.parts)]
    assert len(paths) > 5
    for path in paths:
        text = path.read_text(encoding="utf-8")
        assert read_yaml(text) == yaml.load(text, Loader=yaml.SafeLoader), path


def test_a_document_that_makes_an_object_is_refused():
    with pytest.raises(yaml.YAMLError):
        read_yaml("!!python/object/apply:os.getcwd []")


def test_what_is_not_yaml_says_where():
    with pytest.raises(yaml.YAMLError, match="line 3"):
        read_yaml("a: 1\nb: [")
