// Names of places beside the marks, as many as do not cover each other.

const [CHAR_PX, LINE_PX, BELOW_PX] = [6.4, 14, 15];

/** A layer of names for those marks, the first the most important. */
export function labels(map, markers) {
  const taken = [];
  const layer = L.layerGroup();
  for (const marker of markers) {
    const { place } = marker.feature.properties;
    const { x, y } = map.latLngToContainerPoint(marker.getLatLng());
    const half = (CHAR_PX * place.length) / 2;
    const box = L.bounds([x - half, y + BELOW_PX], [x + half, y + BELOW_PX + LINE_PX]);
    if (!place || taken.some((other) => other.overlaps(box))) continue;
    taken.push(box);
    const html = document.createElement("bdi");
    html.textContent = place;
    const icon = L.divIcon({ html, className: "place-name", iconSize: [0, 0] });
    L.marker(marker.getLatLng(), { icon, interactive: false, keyboard: false }).addTo(layer);
  }
  return layer;
}
