"""The page of the documentation that says how good it is, as a function of the figures beside it;
and figures that other documents name: `<!-- figure: relevance.events.f1 -->0.86`.

A figure that stands before a percent sign is a hundred times the one in the file. It keeps as many
decimals as it had.
"""

from __future__ import annotations

import platform
import re
import subprocess
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from evaluation.report import Report
from nlp.train.evaluate import table

MARK: Final = re.compile(r"(<!-- figure: ([\w./]+) -->)([\d.,]*\d)( ?%)?")
_INTRODUCTION: Final = """# How good is it

Made by `make figures` on {date}, on {processor}, at commit {commit}. The same tables, with the
worst errors and plots, come from `monitor evaluate relevance|topics|places|events --report
FILE.html`, and with `--on FILE` for texts of your own.

Cells hold a figure and the interval that holds 95 % of resamples. AP is average precision, ECE the
expected calibration error (0 is best), B3 is B-cubed, AMI adjusted mutual information. *TF-IDF* and
*most populous* are plain baselines."""


def made() -> dict[str, str]:
    """When, on which processor, at which commit."""
    return {
        "date": datetime.now(UTC).strftime("%Y-%m-%d"),
        "processor": _processor(),
        "commit": _commit(),
    }


def figures(reports: Sequence[Report], by: Mapping[str, str]) -> dict[str, Any]:
    """What stands in the file: all tables, and each named figure with its interval."""
    plain = [report.plain() for report in reports]
    return {
        "made": dict(by),
        "figures": {name: value for one in plain for name, value in one["figures"].items()},
        "reports": [{key: one[key] for key in ("name", "about", "tables")} for one in plain],
    }


def page(held: Mapping[str, Any]) -> str:
    """The page in Markdown, from nothing but the file's content."""
    parts = [_INTRODUCTION.format(**held["made"])]
    for report in held["reports"]:
        parts.append(f"## {report['name'].capitalize()}")
        parts += report["about"]
        for one in report["tables"]:
            parts.append(f"### {one['title']}")
            parts += [one["note"]] if one["note"] else []
            parts.append(table("|".join(one["head"]), one["rows"]))
    return "\n\n".join(parts) + "\n"


def values(held: Mapping[str, Any]) -> dict[str, float]:
    """Each figure of the file by its name."""
    return {name: figure["value"] for name, figure in held["figures"].items()}


def named(text: str) -> set[str]:
    """The names of the figures that a document marks."""
    return {found[2] for found in MARK.finditer(text)}


def renewed(text: str, values: Mapping[str, float]) -> str:
    """A document with each marked figure as it is now; one of a name that is not among `values`
    stays."""

    def value(found: re.Match[str]) -> str:
        mark, name, written, percent = found.groups()
        if name not in values:
            return found[0]
        decimals = len(written.partition(".")[2])
        number = values[name] * (100 if percent else 1)
        return f"{mark}{number:,.{decimals}f}{percent or ''}"

    return MARK.sub(value, text)


def renew(readme: Path, pages: Path, values: Mapping[str, float]) -> None:
    """Renew a README and the pages of a folder in place."""
    for path in (readme, *sorted(pages.glob("*.md"))):
        before = path.read_text(encoding="utf-8")
        path.write_text(renewed(before, values), encoding="utf-8")


def _processor() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        found = re.search(r"^model name\s*:\s*(.+)$", cpuinfo.read_text(), re.MULTILINE)
        if found:
            return found[1].strip()
    return platform.processor() or platform.machine()


def _commit() -> str:
    try:
        told = subprocess.run(
            ["git", "describe", "--always", "--dirty"], capture_output=True, text=True, check=True
        )
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return told.stdout.strip()
