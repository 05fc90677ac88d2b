"""The audit says what it knows, and never that all is well when nobody answered."""

from __future__ import annotations

from tests.audit import verdict

CLEAN = {"name": "rich", "version": "1", "vulns": []}
PASSED_OVER = {"name": "rich", "skip_reason": "not found"}
FAULTY = {
    "name": "rich",
    "version": "1",
    "vulns": [{"id": "CVE-1", "fix_versions": ["2"]}, {"id": "CVE-2", "fix_versions": []}],
}


def test_a_vulnerability_is_named_and_fails() -> None:
    words, passes = verdict([CLEAN, FAULTY, PASSED_OVER])
    assert not passes
    assert words.splitlines() == [
        "rich 1: CVE-1; repaired in 2",
        "rich 1: CVE-2; repaired in no version yet",
    ]


def test_packages_that_nobody_answered_for_are_not_called_clean() -> None:
    assert verdict([CLEAN, PASSED_OVER]) == (
        "pip-audit: no known vulnerability in 1 of 2 packages",
        True,
    )


def test_no_answer_at_all_is_skipped_with_one_line() -> None:
    skipped = ("pip-audit: skipped, its advisories cannot be reached from here", True)
    assert verdict([PASSED_OVER]) == skipped
    assert verdict([]) == skipped
