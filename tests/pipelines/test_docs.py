import importlib
import operator
import re
import shlex
from pathlib import Path

import pytest
from scripts import load_script

from batchio.syntax.tables import TABLES
from pipelines.__main__ import COMMANDS
from pipelines.domains import DOMAINS, LAUNCHED, load
from pipelines.fetch import _followed
from pipelines.launcher.command_line import parse
from pipelines.launcher.options import describe, options_markdown

PROJECT = Path(__file__).parents[2]


@pytest.mark.parametrize("name", LAUNCHED)
def test_the_page_of_a_pipeline_has_its_options(name):
    page = (PROJECT / "docs" / f"{name}.md").read_text()
    assert load_script("docs/make_options.py").made_page(page, name) == page, "run `make docs`"
    assert options_markdown(load(name).options) in page


def test_the_page_of_the_syntax_pipeline_has_every_column_of_its_tables():
    page = (PROJECT / "docs/syntax.md").read_text()
    for name, schema in TABLES.items():
        _, found, rest = page.partition(f"**{name}**\n")
        assert found
        columns = re.findall(r"^\| `(\w+)` \| (\w+)", rest.partition("\n**")[0], re.MULTILINE)
        assert columns[: len(schema)] == [(field.name, str(field.type)) for field in schema]


@pytest.mark.parametrize("name", LAUNCHED)
def test_each_option_has_help_that_is_a_sentence(name):
    for option in describe(load(name).options):
        assert re.match(r"^[A-Z].*\.$", option.help, re.DOTALL), option.name


def test_the_readme_names_each_pipeline_and_command():
    readme = (PROJECT / "README.md").read_text()
    assert all(f"pipelines.{name}" in readme for name in DOMAINS)
    assert all(re.search(rf"`{command}\b", readme) for command in COMMANDS)


@pytest.mark.parametrize(
    "page",
    [
        "README.md",
        "docs/dataflow.md",
        "docs/fetch.md",
        "docs/flink.md",
        "docs/install.md",
        "docs/radar.md",
        "docs/stores.md",
        "docs/subtitles.md",
        "docs/syntax.md",
    ],
)
def test_the_commands_in_the_documents_are_understood(page):
    text = (PROJECT / page).read_text().replace("\\\n", " ")
    commands = re.findall(r"^python -m pipelines\.(\w+) (.*)$", text, re.MULTILINE)
    assert commands
    for name, arguments in commands:
        own, then, follows = arguments.partition(" --then radar ")
        options = parse(load(name).options, shlex.split(own), prog=name, description="").options
        if then:
            _followed(options, shlex.split(follows)).parsed()


def test_the_functions_of_the_two_walks_are_there():
    text = (PROJECT / "docs/design.md").read_text()
    walks = text.partition("## Two walks")[2].partition("\n## ")[0]
    named = re.findall(r"`([\w/]+)\.py`(?: \|)? `([\w.]+)`", walks)
    assert len(named) > 40
    for module, name in named:
        operator.attrgetter(name)(importlib.import_module(module.replace("/", ".")))
