// Names of places beside the marks, as many as cover neither each other nor another mark, and lie
// under no control.

const [FONT, LINE_PX, MARK_PX, CLUSTER_PX] = ["600 12px", 14, 11, 20];
const PLACES = { below: 15, above: -29 };

/** A layer of names for those markers, the first the most important; `marks` are all on the map. */
export function labels(map, markers, marks) {
  const layer = L.layerGroup();
  const pen = document.createElement("canvas").getContext("2d");
  pen.font = `${FONT} ${getComputedStyle(map.getContainer()).fontFamily}`;
  const spot = (marker) => map.latLngToContainerPoint(marker.getLatLng());
  const taken = marks.map((mark) => {
    const half = mark.feature ? MARK_PX : CLUSTER_PX;
    return boxOf(spot(mark).x, spot(mark).y - half, half, 2 * half);
  });
  taken.push(...controls(map.getContainer()));
  for (const marker of markers) {
    const { place } = marker.feature.properties;
    const { x, y } = spot(marker);
    const half = pen.measureText(place).width / 2;
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

function controls(container) {
  const frame = container.getBoundingClientRect();
  return [...container.querySelectorAll(".leaflet-control")].map((control) => {
    const { left, top, width, height } = control.getBoundingClientRect();
    return boxOf(left - frame.left + width / 2, top - frame.top, width / 2, height);
  });
}

const boxOf = (x, top, half, high) => L.bounds([x - half, top], [x + half, top + high]);
