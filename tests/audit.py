"""Known vulnerabilities of what requirements.lock names: `python -m tests.audit`.

An index that does not answer for a package is no clean bill for it: pip-audit passes such packages
over and still says that it found nothing, so they are counted here.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

LOCK = Path(__file__).parent.parent / "requirements.lock"
TIMEOUT_S = 300


def verdict(packages: Sequence[Mapping[str, Any]]) -> tuple[str, bool]:
    """What pip-audit's report comes to, in words, and whether it may pass."""
    found = [
        f"{package['name']} {package['version']}: {fault['id']}; "
        f"repaired in {', '.join(fault['fix_versions']) or 'no version yet'}"
        for package in packages
        for fault in package.get("vulns", ())
    ]
    if found:
        return "\n".join(found), False
    asked = sum("skip_reason" not in package for package in packages)
    if not asked:
        return "pip-audit: skipped, its advisories cannot be reached from here", True
    return f"pip-audit: no known vulnerability in {asked} of {len(packages)} packages", True


def report() -> Sequence[Mapping[str, Any]]:
    """One entry a package of the lock; none at all where pip-audit got no answer in time."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "report.json")
        command = [sys.executable, "-m", "pip_audit", "--disable-pip", "--require-hashes"]
        command += ["--requirement", str(LOCK), "--progress-spinner", "off", "--timeout", "15"]
        command += ["--format", "json", "--output", str(path)]
        try:
            subprocess.run(command, capture_output=True, timeout=TIMEOUT_S, check=False)
        except subprocess.TimeoutExpired:
            return []
        if not path.exists():
            return []
        packages: list[Mapping[str, Any]] = json.loads(path.read_text())["dependencies"]
        return packages


if __name__ == "__main__":
    words, passes = verdict(report())
    sys.stdout.write(words + "\n")
    sys.exit(not passes)
