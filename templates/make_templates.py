"""Writes the Dataflow Flex Template of each pipeline from its options: `make template`.

`templates/PIPELINE.json` is the metadata: what a person may give, with help and checks. It is kept
here, and a test holds it to the options. Given the images it also writes the specification of each
template, `build/templates/PIPELINE.json`, the file that goes to a bucket and that
`gcloud dataflow flex-template run` names.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from pipelines.domains import DOMAINS, load
from pipelines.launcher.domain import Domain
from pipelines.launcher.option_info import OptionInfo, describe

FOLDER = Path(__file__).parent
_TYPES = {"flag": "BOOLEAN", "integer": "NUMBER", "number": "NUMBER", "choice": "ENUM"}
_TYPES_OF_TEXT = {"FILE": "GCS_READ_FILE", "ROOT": "GCS_WRITE_FOLDER"}  # by metavar
_NUMBER = r"(?:[0-9]+\.?[0-9]*|\.[0-9]+)"
_FEW = 20  # whole numbers that a regular expression may list
_LIST_HELP = ' Several are given as a list in JSON: ["one", "two"].'


def metadata(domain: Domain[Any]) -> dict[str, Any]:
    """Returns the metadata of a pipeline's template: its options, but for the senseless ones."""
    infos = [info for info in describe(domain.options) if info.on_service != "senseless"]
    needed_first = sorted(infos, key=lambda info: not _is_needed(info))
    return {
        "name": f"Headrace {domain.name}",
        "description": domain.summary,
        "streaming": False,
        "parameters": list(map(parameter, needed_first)),
    }


def parameter(info: OptionInfo) -> dict[str, Any]:
    """Returns an option as a parameter of a template."""
    described: dict[str, Any] = {
        "name": info.name,
        "label": info.name.replace("_", " ").capitalize(),
        "helpText": info.help + (_LIST_HELP if info.many else ""),
        "isOptional": not _is_needed(info),
        "groupName": info.group.capitalize(),
        "paramType": "TEXT" if info.many else _type_of(info),
    }
    if info.choices and not info.many:
        described["enumOptions"] = [{"value": each, "label": each} for each in info.choices]
    if regex := _regex(info):
        described["regexes"] = [regex]
    if default := _default(info):
        described["defaultValue"] = default
    return described


def specification(domain: Domain[Any], image: str, worker_image: str) -> dict[str, Any]:
    """Returns what a bucket holds of a template: its metadata, and the images it runs in."""
    return {
        "image": image,
        "sdkInfo": {"language": "PYTHON"},
        "metadata": metadata(domain),
        "defaultEnvironment": {"sdkContainerImage": worker_image},
    }


def _is_needed(info: OptionInfo) -> bool:
    return info.required or info.on_service == "needed"


def _type_of(info: OptionInfo) -> str:
    return _TYPES.get(info.kind) or _TYPES_OF_TEXT.get(info.metavar, "TEXT")


def _regex(info: OptionInfo) -> str:
    """Returns what a value must look like, in the syntax that Google's RE2 has too."""
    if info.choices:
        one = "|".join(info.choices)
        return rf"^(?:{one}|\[.*\])$" if info.many else f"^(?:{one})$"
    if info.many:
        return ""
    if info.kind == "integer":
        return _whole_number(*info.bounds)
    if info.kind == "number":
        sign = "" if info.bounds[0] is not None and info.bounds[0] >= 0 else "-?"
        return f"^{sign}{_NUMBER}$"
    if info.pattern:
        return info.pattern if info.pattern.endswith("$") else f"{info.pattern}.*$"
    return ""


def _whole_number(least: float | None, most: float | None) -> str:
    if least is not None and most is not None and most - least < _FEW:
        numbers = range(int(least), int(most) + 1)
        return f"^(?:{'|'.join(map(str, numbers))})$"
    return "^[0-9]+$" if least is not None and least >= 0 else "^-?[0-9]+$"


def _default(info: OptionInfo) -> str:
    """Returns the default as one text, which the command line understands."""
    default = info.default
    if isinstance(default, list):
        return str(default[0]) if len(default) == 1 else json.dumps(default) if default else ""
    if isinstance(default, bool):
        return str(default).lower()
    return "" if default is None else info.default_text


def _text(document: dict[str, Any]) -> str:
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def main() -> None:
    """Writes the templates."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument(
        "--repository",
        help="Where the images are, as in europe-west1-docker.pkg.dev/PROJECT/headrace.",
    )
    parser.add_argument("--tag", default="latest", help="Tag of the images.")
    parser.add_argument("--to", type=Path, default=Path("build/templates"))
    given = parser.parse_args()
    for name in DOMAINS:
        domain = load(name)
        (FOLDER / f"{name}.json").write_text(_text(metadata(domain)), encoding="utf-8")
        if given.repository:
            image = f"{given.repository}/launcher-{name}:{given.tag}"
            worker = f"{given.repository}/worker:{given.tag}"
            given.to.mkdir(parents=True, exist_ok=True)
            path = given.to / f"{name}.json"
            path.write_text(_text(specification(domain, image, worker)), encoding="utf-8")
            print(path)


if __name__ == "__main__":
    main()
