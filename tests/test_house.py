"""The house itself: what every file keeps, and that the documents know what the code knows."""

from __future__ import annotations

import ast
import dataclasses
import importlib
import pkgutil
import re
import subprocess
import sys
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from monitor import config, parts
from tests.house import FOLDERS, ROOT, pyproject, texts

CODE = texts(".py")
TEXTS = texts()
PAGES = texts(".md")
PARTS = [(folder, kind) for folder in FOLDERS[1:] for kind in parts.kinds(folder)]
CONFIGURED = [(folder, kind) for folder, kind in PARTS if folder != "evaluation"]
SHAPES = [
    *(shape for name, shape in vars(config).items() if name.endswith("Table")),
    *(parts.load(folder, kind).Options for folder, kind in CONFIGURED),
]
HEAVY = (
    "apprise",
    "apscheduler",
    "babel",
    "dkim",
    "elasticsearch",
    "fastapi",
    "jinja2",
    "PIL",
    "sentence_transformers",
    "sklearn",
    "spacy",
    "torch",
    "trafilatura",
    "transformers",
)


def read(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def found(pattern: str, paths: list[Path], flags: int = 0) -> list[str]:
    """Where the pattern stands, as `file:line`."""
    return [
        f"{name(path)}:{number}"
        for path in paths
        for number, line in enumerate(read(path).splitlines(), 1)
        if re.search(pattern, line, flags)
    ]


def functions(path: Path) -> list[ast.FunctionDef | ast.AsyncFunctionDef]:
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
    return [node for node in ast.walk(ast.parse(read(path))) if isinstance(node, kinds)]


def test_no_file_of_code_is_longer_than_400_lines() -> None:
    """Tables of data, which define nothing, are excepted."""
    longer = [path for path in CODE if len(read(path).splitlines()) > 400]
    assert [name(path) for path in longer if functions(path)] == []


def test_no_function_is_longer_than_60_lines() -> None:
    assert [
        f"{name(path)}:{function.lineno} {function.name}"
        for path in CODE
        for function in functions(path)
        if (function.end_lineno or 0) - function.lineno >= 60
    ] == []


def test_no_file_is_a_drawer_for_everything() -> None:
    drawers = {"utils", "util", "helpers", "helper", "common", "base", "manager", "misc"}
    assert [name(path) for path in CODE if path.stem in drawers] == []


def test_nothing_is_mocked() -> None:
    assert found(r"^\s*(import|from) (unittest|mock|pytest_mock)\b", CODE) == []


def test_no_package_index_is_named() -> None:
    assert found(r"[p]ypi\.|[p]ythonhosted|download\.[p]ytorch", TEXTS, re.IGNORECASE) == []


def test_no_path_of_somebodys_machine_is_left() -> None:
    assert found(r"(?<![\w.~>}/])/(work|root|tmp|home)\b", TEXTS) == []


def test_nothing_is_left_to_do_in_a_comment() -> None:
    assert found(r"\b([T]ODO|[F]IXME|[X]XX)\b", TEXTS) == []


def test_every_local_link_leads_somewhere() -> None:
    links = [
        (page, target)
        for page in PAGES
        for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", read(page))
        if "://" not in target and not target.startswith("mailto:")
    ]
    assert [
        f"{name(page)}: {target}"
        for page, target in links
        if not (page.parent / target).exists() and not target.startswith("../shared")
    ] == []


def test_every_file_of_the_core_is_in_the_design() -> None:
    design = read(ROOT / "DESIGN.md")
    tree = set(re.findall(r"\w+", design[design.index("## 3.") : design.index("## 4.")]))
    modules = {module.name for module in pkgutil.iter_modules([str(ROOT / "monitor")])}
    assert modules - tree == set()


def test_every_verb_is_in_the_readme() -> None:
    verbs = importlib.import_module("typer.main").get_command(
        importlib.import_module("monitor.cli").app
    )
    readme = read(ROOT / "README.md")
    assert [verb for verb in verbs.commands if f"monitor {verb}" not in readme] == []


def test_every_target_of_make_that_helps_a_newcomer_is_in_the_readme() -> None:
    targets = re.findall(r"^([a-z]+):.*## ", read(ROOT / "Makefile"), re.MULTILINE)
    readme = read(ROOT / "README.md")
    assert [each for each in targets if f"make {each}" not in readme and each != "help"] == []


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: f"{shape.__module__}.{shape.__name__}")
def test_every_key_of_the_configuration_is_documented(shape: type) -> None:
    known = parts.documented(shape)
    assert [key for key in keys(shape) if not known.get(key)] == []


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: f"{shape.__module__}.{shape.__name__}")
def test_every_key_of_the_configuration_is_in_the_example(shape: type) -> None:
    example = read(ROOT / "monitor.example.toml")
    shown = re.findall(r"^(?:# ?)?(\w+) *= ", example, re.MULTILINE)
    assert [key for key in keys(shape) if key not in shown] == []


def keys(shape: type) -> list[str]:
    return [field.name for field in dataclasses.fields(shape)]


@pytest.mark.parametrize("kind", parts.kinds("collectors"))
def test_every_collector_says_where_its_facts_and_its_cursor_come_from(kind: str) -> None:
    said = ast.get_docstring(ast.parse(read(ROOT / "collectors" / f"{kind}.py"))) or ""
    assert "Source:" in said
    assert "Cursor:" in said


def test_no_import_goes_in_a_circle() -> None:
    """What is imported inside a function, or for types only, does not count."""
    modules = {".".join(path.relative_to(ROOT).with_suffix("").parts): path for path in CODE}
    known = {module.removesuffix(".__init__"): path for module, path in modules.items()}
    TopologicalSorter(
        {each: known.keys() & {*imported(path)} - {each} for each, path in known.items()}
    ).prepare()


def imported(path: Path) -> Iterator[str]:
    """The modules that a file imports when it is imported itself."""
    for node in ast.parse(read(path)).body:
        if isinstance(node, ast.Import):
            yield from (each.name for each in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{each.name}" for each in node.names)


@pytest.mark.parametrize("module", [f"{folder}.{kind}" for folder, kind in PARTS])
def test_importing_a_part_is_cheap(module: str) -> None:
    assert brought(module, HEAVY) == []


def test_importing_the_verbs_is_cheap() -> None:
    assert brought("monitor.cli", (*HEAVY, "httpx2")) == []


def brought(module: str, names: tuple[str, ...]) -> list[str]:
    """Those of the names that are imported together with a module."""
    code = f"import sys, {module}; print(*sorted(sys.modules.keys() & {set(names)!r}))"
    command = [sys.executable, "-c", code]
    said = subprocess.run(command, capture_output=True, text=True, timeout=60, cwd=ROOT, check=True)
    return said.stdout.split()


def test_the_lock_is_in_step_with_the_project() -> None:
    project = pyproject()["project"]
    extras = [each for extra in project["optional-dependencies"].values() for each in extra]
    wanted = [Requirement(each) for each in project["dependencies"] + extras]
    pinned = locked()
    assert [
        str(each)
        for each in wanted
        if each.name.lower() not in pinned or pinned[each.name.lower()] not in each.specifier
    ] == []


def test_every_line_of_the_lock_has_its_hashes() -> None:
    entries = re.split(r"\n(?=\S)", read(ROOT / "requirements.lock").strip())
    assert [entry.split()[0] for entry in entries if "--hash=sha256:" not in entry] == []


def locked() -> dict[str, str]:
    pins = re.findall(r"^(\S+)==(\S+)", read(ROOT / "requirements.lock"), re.MULTILINE)
    return dict(pins)


def test_the_changelog_knows_the_version() -> None:
    assert f"## {pyproject()['project']['version']}" in read(ROOT / "CHANGELOG.md")
