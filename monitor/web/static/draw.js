// The area of a subscription, drawn on the map: a click is the centre of a circle or one more
// corner. The fields of the form hold it, and can be written instead.

import { announce, make, say } from "./say.js";

const DIGITS = 5;

export class Drawing {
  constructor(map, form) {
    this.map = map;
    this.fields = form.elements;
    this.shapes = L.layerGroup().addTo(map);
    map.on("click", ({ latlng }) => this.click(latlng.wrap()));
    form.addEventListener("input", () => this.draw());
    const undo = make("button", { type: "button" }, say("draw_undo"));
    undo.addEventListener("click", () => this.undo());
    map.getContainer().after(make("p", { class: "does" }, undo));
    this.draw();
    if (this.drawn) map.fitBounds(this.drawn.getBounds().pad(0.3), { animate: false });
  }

  get corners() {
    const lines = this.fields.corners.value.split("\n").map((line) => line.split(",").map(Number));
    return lines.filter((pair) => pair.length === 2 && inside(...pair));
  }

  click({ lat, lng }) {
    const point = [lat.toFixed(DIGITS), lng.toFixed(DIGITS)];
    if (this.fields.shape.value === "polygon") {
      const lines = this.fields.corners.value.trim();
      this.fields.corners.value = `${lines}${lines ? "\n" : ""}${point.join(", ")}`;
    } else {
      this.fields.shape.value = "circle";
      [this.fields.lat.value, this.fields.lon.value] = point;
    }
    this.draw();
    announce(say("draw_point", { at: point.join(", ") }));
  }

  undo() {
    if (this.fields.shape.value === "polygon") {
      const lines = this.fields.corners.value.trim().split("\n");
      this.fields.corners.value = lines.slice(0, -1).join("\n");
    } else {
      this.fields.shape.value = "anywhere";
    }
    this.draw();
  }

  draw() {
    this.shapes.clearLayers();
    this.drawn = this.shape();
    this.drawn?.addTo(this.shapes);
  }

  shape() {
    const style = { className: "near", interactive: false };
    if (this.fields.shape.value === "polygon") {
      for (const corner of unrolled(this.corners)) {
        L.circleMarker(corner, { ...style, radius: 5 }).addTo(this.shapes);
      }
      return this.corners.length ? L.polygon(unrolled(this.corners), style) : null;
    }
    const { lat, lon, radius_km: km } = this.fields;
    const known = lat.value && lon.value && inside(Number(lat.value), Number(lon.value));
    if (this.fields.shape.value !== "circle" || !known || !(Number(km.value) > 0)) return null;
    // The bounds of a circle are known only on a map.
    return L.circle([lat.value, lon.value], { ...style, radius: 1000 * km.value }).addTo(this.shapes);
  }
}

// Lines go the short way around the earth, as where the area is matched.
const unrolled = (corners) => {
  let last = corners[0]?.[1] ?? 0;
  return corners.map(([lat, lon]) => {
    last = lon + 360 * Math.round((last - lon) / 360);
    return [lat, last];
  });
};

const inside = (lat, lon) => Math.abs(lat) <= 90 && Math.abs(lon) <= 180;
