"""The offline map's land, made from TopoJSON of Natural Earth (public domain):

python -m tests.web.land land-50m.json > monitor/web/static/vendor/land.json
"""

from __future__ import annotations

import json
import sys
from itertools import accumulate
from pathlib import Path
from typing import Any, Final

import shapely

TOLERANCE: Final = 0.035
SMALLEST: Final = 0.001
"""Degrees by which a coast may be off, and square degrees of the smallest island."""


def land(topology: dict[str, Any]) -> str:
    """One GeoJSON feature, rounded to hundredths of a degree."""
    (sx, sy), (tx, ty) = topology["transform"]["scale"], topology["transform"]["translate"]
    arcs = [
        [
            (x * sx + tx, y * sy + ty)
            for x, y in accumulate(arc, lambda a, b: (a[0] + b[0], a[1] + b[1]))
        ]
        for arc in topology["arcs"]
    ]

    def ring(indices: list[int]) -> list[tuple[float, float]]:
        points: list[tuple[float, float]] = []
        for index in indices:
            arc = arcs[index] if index >= 0 else arcs[~index][::-1]
            points += arc[1:] if points else arc
        return points

    (geometry,) = topology["objects"]["land"]["geometries"]
    polygons = [
        shapely.Polygon(ring(outer), [ring(hole) for hole in holes])
        for outer, *holes in geometry["arcs"]
    ]
    coarse = [shapely.make_valid(p.simplify(TOLERANCE)) for p in polygons if p.area > SMALLEST]
    whole = shapely.set_precision(shapely.MultiPolygon(_parts(coarse)), 0)
    rings = [
        [[[round(x, 2), round(y, 2)] for x, y in r.coords] for r in (p.exterior, *p.interiors)]
        for p in whole.geoms
    ]
    shape = {"type": "MultiPolygon", "coordinates": rings}
    return json.dumps(
        {"type": "Feature", "properties": {"source": "Natural Earth"}, "geometry": shape},
        separators=(",", ":"),
    )


def _parts(shapes: list[Any]) -> list[shapely.Polygon]:
    flat = (part for shape in shapes for part in getattr(shape, "geoms", [shape]))
    return [part for part in flat if isinstance(part, shapely.Polygon)]


if __name__ == "__main__":
    sys.stdout.write(land(json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))) + "\n")
