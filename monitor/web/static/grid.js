// Meridians and parallels with their degrees: where one is on a map without streets.

import { language } from "./say.js";

const STEPS = [45, 30, 15, 10, 5, 2, 1, 0.5, 0.2, 0.1, 0.05, 0.02, 0.01, 0.005];
const APART_PX = 90;

/** A grid that follows the map. */
export class Grid {
  constructor(map) {
    this.map = map;
    this.lines = L.layerGroup().addTo(map);
    map.on("moveend", () => this.draw());
    this.draw();
  }

  draw() {
    this.lines.clearLayers();
    const view = this.map.getBounds().pad(0.1);
    const { x } = this.map.getSize();
    const corner = this.map.getBounds();
    const degrees = (APART_PX * (corner.getEast() - corner.getWest())) / x;
    const step = STEPS.findLast((each) => each >= degrees) || STEPS[0];
    const [south, north] = [Math.max(-85, view.getSouth()), Math.min(85, view.getNorth())];
    const digits = Math.max(0, Math.ceil(-Math.log10(step)));
    for (let lon = Math.ceil(view.getWest() / step) * step; lon <= view.getEast(); lon += step) {
      const ends = [[south, lon], [north, lon]];
      this.line(ends, [corner.getNorth(), lon], named(lon, "E", "W", digits));
    }
    for (let lat = Math.ceil(south / step) * step; lat <= north; lat += step) {
      const ends = [[lat, view.getWest()], [lat, view.getEast()]];
      this.line(ends, [lat, corner.getEast()], named(lat, "N", "S", digits), "end");
    }
  }

  line(ends, at, text, side = "top") {
    L.polyline(ends, { className: "grid", interactive: false }).addTo(this.lines);
    const icon = L.divIcon({ html: text, className: `degrees ${side}`, iconSize: [0, 0] });
    L.marker(at, { icon, interactive: false, keyboard: false }).addTo(this.lines);
  }
}

function named(value, positive, negative, digits) {
  const size = Math.abs(value).toLocaleString(language, {
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  });
  const sign = value > 1e-9 ? positive : value < -1e-9 ? negative : "";
  return `${size}°${sign}`;
}
