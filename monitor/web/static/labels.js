// Names of places beside the marks, as many as cover neither each other nor another mark.

const [CHAR_PX, LINE_PX, MARK_PX, CLUSTER_PX] = [6.4, 14, 11, 20];
const PLACES = { below: 15, above: -29 };

/** A layer of names for those markers, the first the most important; `marks` are all on the map. */
export function labels(map, markers, marks) {
  const layer = L.layerGroup();
  const spot = (marker) => map.latLngToContainerPoint(marker.getLatLng());
  const taken = marks.map((mark) => {
    const half = mark.feature ? MARK_PX : CLUSTER_PX;
    return boxOf(spot(mark).x, spot(mark).y - half, half, 2 * half);
  });
  for (const marker of markers) {
    const { place } = marker.feature.properties;
    const { x, y } = spot(marker);
    const half = (CHAR_PX * place.length) / 2;
    const free = (name) => {
      const box = boxOf(x, y + PLACES[name], half, LINE_PX);
      return taken.every((other) => !other.overlaps(box)) && taken.push(box);
    };
    const where = place && Object.keys(PLACES).find(free);
    if (!where) continue;
    const html = document.createElement("bdi");
    html.textContent = place;
    const className = `place-name ${where}`;
    const icon = L.divIcon({ html, className, iconSize: [0, 0] });
    L.marker(marker.getLatLng(), { icon, interactive: false, keyboard: false }).addTo(layer);
  }
  return layer;
}

const boxOf = (x, top, half, high) => L.bounds([x - half, top], [x + half, top + high]);
