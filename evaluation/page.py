"""A report as one page of HTML: its plots are SVG within it, it loads nothing and runs nothing."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from typing import Final

from evaluation.report import Bars, Plot, Report
from monitor.ports import Table

_COLOURS: Final = ("#0b5cad", "#b3470b", "#2e7d32", "#6a3fa0")
_SIDE, _EDGE = 320, 44
_BAR, _NAMES, _WIDE = 20, 240, 300
_STYLE: Final = (
    "body{font:15px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:70rem;padding:0 1rem}"
    "table{border-collapse:collapse;margin:.5rem 0}td,th{border:1px solid #bbb;padding:.2rem .5rem;"
    "text-align:right}td:first-child,th:first-child{text-align:left}figure{display:inline-block;"
    "margin:1rem 1rem 1rem 0}svg{max-width:100%;font:12px system-ui,sans-serif}"
)


def page(report: Report) -> str:
    """The whole page; every word of the report is escaped."""
    title = escape(f"How good is it: {report.name}")
    return "\n".join(
        (
            '<!DOCTYPE html><html lang="en"><head><meta charset="utf-8">',
            '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; '
            "style-src 'unsafe-inline'\">",
            '<meta name="viewport" content="width=device-width,initial-scale=1">',
            f"<title>{title}</title><style>{_STYLE}</style></head><body><main><h1>{title}</h1>",
            *(f"<p>{escape(sentence)}</p>" for sentence in report.about),
            *(_bars(plot) if isinstance(plot, Bars) else _plot(plot) for plot in report.plots),
            *(line for table in report.tables for line in _table(table)),
            *_mistakes(report),
            "</main></body></html>",
        )
    )


def _table(table: Table) -> Iterator[str]:
    yield f"<h2>{escape(table.title)}</h2>"
    if table.note:
        yield f"<p>{escape(table.note)}</p>"
    yield f"<table><thead>{_row('th', table.head)}</thead><tbody>"
    yield from (_row("td", row) for row in table.rows)
    yield "</tbody></table>"


def _row(cell: str, words: tuple[str, ...]) -> str:
    return f"<tr>{''.join(f'<{cell}>{escape(word)}</{cell}>' for word in words)}</tr>"


def _mistakes(report: Report) -> Iterator[str]:
    if report.mistakes:
        yield "<h2>The worst errors</h2><ol>"
        for one in (each.public for each in report.mistakes):
            text = f"<br><q>{escape(one.text)}</q>" if one.text else ""
            yield f"<li><code>{escape(one.id)}</code>: {escape(one.what)}{text}</li>"
        yield "</ol>"


def _plot(plot: Plot) -> str:
    low, high = _EDGE, _EDGE + _SIDE

    def at(x: float, y: float) -> str:
        return f"{low + x * _SIDE:.1f},{high - y * _SIDE:.1f}"

    drawn = [
        f'<rect x="{low}" y="{low}" width="{_SIDE}" height="{_SIDE}" fill="none" stroke="#999"/>'
    ]
    for tick in (0.0, 0.5, 1.0):
        x, y = at(tick, tick).split(",")
        drawn.append(f'<text x="{x}" y="{high + 14}" text-anchor="middle">{tick}</text>')
        drawn.append(f'<text x="{low - 6}" y="{y}" text-anchor="end">{tick}</text>')
    if plot.diagonal:
        drawn.append(f'<polyline points="{at(0, 0)} {at(1, 1)}" stroke="#bbb" fill="none"/>')
    for number, line in enumerate(plot.lines):
        colour = _COLOURS[number % len(_COLOURS)]
        points = " ".join(at(x, y) for x, y in line.points)
        drawn.append(
            f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="2"/>'
        )
        under = high + 50 + 16 * number
        drawn.append(f'<text x="{low}" y="{under}" fill="{colour}">{escape(line.name)}</text>')
    drawn.append(
        f'<text x="{low + _SIDE / 2}" y="{high + 32}" text-anchor="middle">{escape(plot.x)}</text>'
    )
    drawn.append(f'<text x="{low}" y="{low - 8}">{escape(plot.y)}</text>')
    return _figure(plot.title, high + _EDGE, high + 50 + 16 * len(plot.lines), drawn)


def _bars(bars: Bars) -> str:
    drawn = []
    for number, (name, measure) in enumerate(bars.bars):
        y = number * _BAR + 14
        value = measure.value if measure.value == measure.value else 0.0
        drawn.append(f'<text x="{_NAMES - 6}" y="{y}" text-anchor="end">{escape(name)}</text>')
        size = f'width="{value * _WIDE:.1f}" height="12"'
        drawn.append(f'<rect x="{_NAMES}" y="{y - 10}" {size} fill="{_COLOURS[0]}"/>')
        if measure.low == measure.low:
            low, high = (_NAMES + edge * _WIDE for edge in (measure.low, measure.high))
            drawn.append(
                f'<path d="M{low:.1f} {y - 4}H{high:.1f}" stroke="#000" stroke-width="2"/>'
            )
        drawn.append(f'<text x="{_NAMES + _WIDE + 8}" y="{y}">{escape(str(measure))}</text>')
    return _figure(bars.title, _NAMES + _WIDE + 150, len(bars.bars) * _BAR + 10, drawn)


def _figure(title: str, width: float, height: float, drawn: list[str]) -> str:
    title = escape(title)
    return (
        f'<figure><figcaption>{title}</figcaption><svg role="img" aria-label="{title}" '
        f'width="{width}" height="{height}" viewBox="0 0 {width} {height}">'
        f"{''.join(drawn)}</svg></figure>"
    )
