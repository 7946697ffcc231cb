"""YAML of somebody else's: read without references within it."""

from __future__ import annotations


def load_plain_yaml(text: str) -> object:
    """Return what a YAML document holds.

    Raises yaml.YAMLError for what is none. A document with aliases is refused as one: a few lines
    of them stand for billions of values (https://yaml.org/spec/1.2.2/#71-alias-nodes).
    """
    import yaml  # noqa: PLC0415 - a tenth of a second, and most documents are JSON

    for event in yaml.parse(text, Loader=yaml.SafeLoader):
        if isinstance(event, yaml.AliasEvent):
            raise yaml.YAMLError("the document has an alias")
    loaded: object = yaml.safe_load(text)
    return loaded
