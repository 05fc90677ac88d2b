// The map: land and a grid that need no network, events by shape, colour and line, clusters, and
// the circle in which each may have been. Whatever is on it is in the list too.

import { Drawing } from "./draw.js";
import { address, go } from "./go.js";
import { Grid } from "./grid.js";
import { labels } from "./labels.js";
import { announce, make, number, say } from "./say.js";
import { legend, shape, worse } from "./shapes.js";
import { moment } from "./times.js";

const MOST_CIRCLES = 150;
const CLOSEST = 13;
let shown = null;

/** Draw the map where a page has one. */
export function startMap(root) {
  const box = root.querySelector("#map");
  if (!box || box.classList.contains("leaflet-container")) return;
  shown?.map.remove();
  shown = new EventMap(box);
  shown.load();
}

class EventMap {
  constructor(box) {
    this.box = box;
    this.still = matchMedia("(prefers-reduced-motion: reduce)").matches;
    const moving = !this.still;
    this.map = L.map(box, {
      zoomControl: false,
      attributionControl: false,
      zoomAnimation: moving,
      fadeAnimation: moving,
      markerZoomAnimation: moving,
      inertia: moving,
      maxBounds: [[-85, -540], [85, 540]],
      minZoom: 1,
      maxZoom: 18,
      zoomSnap: 0.5,
      worldCopyJump: true,
    });
    if (this.still) this.map.panBy = jump;
    box.setAttribute("role", "region");
    box.setAttribute("aria-label", say("map_about"));
    this.controls();
    this.circles = L.layerGroup().addTo(this.map);
    this.markers = new Map();
    this.pointed = null;
  }

  controls() {
    const { map } = this;
    L.control.zoom({ zoomInTitle: say("zoom_in"), zoomOutTitle: say("zoom_out") }).addTo(map);
    L.control.scale({ imperial: false }).addTo(map);
    const said = this.box.dataset.attribution || "Natural Earth";
    L.control.attribution({ prefix: false }).addAttribution(said).addTo(map);
    this.box.parentElement.querySelector(".legend")?.prepend(...legend());
  }

  async load() {
    const { tiles, land, events } = this.box.dataset;
    const faulty = document.querySelector("#fault[data-position]");
    this.home();
    if (tiles) L.tileLayer(tiles, { maxZoom: 19 }).addTo(this.map);
    const asked = [tiles ? null : read(land), faulty || !events ? null : read(events)];
    const [ground, found] = await Promise.all(asked);
    if (!this.box.isConnected) return;
    const features = found?.features || [];
    this.mark(features);
    this.fit(features);
    if (ground) {
      this.ground(ground);
      new Grid(this.map);
    }
    this.near();
    this.listen();
    this.box.dataset.ready = features.length;
  }

  ground(land) {
    this.map.createPane("ground").classList.add("ground");
    const renderer = L.svg({ pane: "ground", padding: 0.5 });
    const style = { className: "land", interactive: false, pane: "ground", renderer };
    L.geoJSON(land, { ...style, style: () => style }).addTo(this.map);
  }

  home() {
    if (!this.box.dataset.home) return;
    const [south, west, north, east] = this.box.dataset.home.split(",").map(Number);
    this.bounds = L.latLngBounds([south, west], [north, west > east ? east + 360 : east]);
    L.rectangle(this.bounds, { className: "home", interactive: false }).addTo(this.map);
    const button = make("button", { type: "button", class: "to-home" }, "⌂");
    button.title = say("map_home");
    button.setAttribute("aria-label", say("map_home"));
    button.addEventListener("click", () => this.map.fitBounds(this.bounds));
    const control = new L.Control({ position: "topleft" });
    control.onAdd = () => {
      const bar = make("div", { class: "leaflet-bar" }, button);
      L.DomEvent.disableClickPropagation(bar);
      return bar;
    };
    control.addTo(this.map);
  }

  mark(features) {
    const { event } = document.getElementById("event")?.dataset || {};
    const group = L.markerClusterGroup({
      animate: !this.still,
      showCoverageOnHover: false,
      maxClusterRadius: 34,
      spiderLegPolylineOptions: { className: "leg" },
      iconCreateFunction: cluster,
    });
    let nowhere = 0;
    for (const feature of features) {
      if (!feature.geometry) nowhere += 1;
      else if (event && feature.id !== event) this.post(feature);
      else this.markers.set(feature.id, pin(feature, !event).addTo(event ? this.map : group));
    }
    this.group = group.addTo(this.map);
    if (nowhere && !event) {
      const said = make("p", { class: "nowhere" }, say("map_nowhere", { n: number(nowhere) }));
      this.box.after(said);
    }
  }

  post(feature) {
    const [lon, lat] = feature.geometry.coordinates;
    const dot = L.circleMarker([lat, lon], { radius: 4, className: "post-dot" });
    dot.bindTooltip(make("bdi", {}, feature.properties.source || feature.id)).addTo(this.map);
  }

  fit(features) {
    const { lat, lon, radius, near } = this.box.dataset;
    const points = features.filter((one) => one.geometry).map(pointOf);
    const inside = this.bounds ? points.filter((point) => this.bounds.contains(point)) : points;
    if (lat) this.map.fitBounds(L.latLng(lat, lon).toBounds(Math.max(3000, 4 * radius)));
    else if (near) this.map.fitBounds(circleOf(near).centre.toBounds(2 * circleOf(near).metres));
    else if (inside.length || points.length) {
      const bounds = L.latLngBounds(inside.length ? inside : points).pad(0.12);
      this.map.fitBounds(bounds, { maxZoom: CLOSEST });
    } else if (this.bounds) this.map.fitBounds(this.bounds);
    else this.map.fitWorld();
  }

  near() {
    const { near } = this.box.dataset;
    if (!near) return;
    const { centre, metres } = circleOf(near);
    L.circle(centre, { radius: metres, className: "near", interactive: false }).addTo(this.map);
  }

  listen() {
    this.map.on("moveend zoomend", () => this.around());
    this.group.on("animationend spiderfied unspiderfied", () => this.around());
    this.around();
    this.rows();
    if (this.box.dataset.path) this.area();
    else if ("draws" in this.box.dataset) new Drawing(this.map, this.box.closest("form"));
    else this.map.on("click", ({ latlng }) => place(latlng));
  }

  /** The circles of what is seen by itself, not in a cluster. */
  around() {
    this.circles.clearLayers();
    const view = this.map.getBounds();
    const single = [...this.markers.values()].filter(
      (marker) => view.contains(marker.getLatLng()) && this.map.hasLayer(marker),
    );
    for (const marker of single.slice(0, MOST_CIRCLES)) this.circle(marker);
    if (this.pointed) this.circle(this.pointed, "pointed");
    const marks = [...this.markers.values()].map((one) => this.group.getVisibleParent(one) || one);
    labels(this.map, single.slice(0, MOST_CIRCLES), [...new Set(marks)]).addTo(this.circles);
  }

  circle(marker, extra = "") {
    const { radius_m: radius, severity } = marker.feature.properties;
    const className = `around ${severity.toLowerCase()} ${extra}`;
    L.circle(marker.getLatLng(), { radius, className, interactive: false }).addTo(this.circles);
  }

  /** A row that is looked at is pointed out on the map, and the other way about. */
  rows() {
    const list = document.getElementById("events");
    const look = (target) => {
      const marker = this.markers.get(target.closest("li.event")?.dataset.event) || null;
      if (marker === this.pointed) return;
      this.pointed = marker;
      this.around();
      this.box.querySelector(".pointed-pin")?.classList.remove("pointed-pin");
      const seen = marker && (this.group.getVisibleParent(marker) || marker);
      seen?.getElement()?.classList.add("pointed-pin");
    };
    list?.addEventListener("focusin", (event) => look(event.target));
    list?.addEventListener("pointerover", (event) => look(event.target));
    list?.addEventListener("pointerleave", () => look(list));
    this.map.on("popupopen", ({ popup }) => {
      document.querySelector("#events [data-current]")?.removeAttribute("data-current");
      const row = document.getElementById(`event-${popup._source?.feature?.id}`);
      row?.setAttribute("data-current", "");
    });
  }

  /** A button that asks for the circle within what is seen. */
  area() {
    const button = make("button", { type: "button", class: "area" }, say("map_area"));
    button.hidden = true;
    L.DomEvent.disableClickPropagation(button);
    this.box.append(button);
    this.map.on("dragend zoomend", () => (button.hidden = false));
    this.box.addEventListener("keydown", () => (button.hidden = false));
    button.addEventListener("click", () => {
      const [centre, view] = [this.map.getCenter().wrap(), this.map.getBounds()];
      const high = this.map.distance(view.getNorthWest(), view.getSouthWest());
      const wide = this.map.distance([centre.lat, view.getWest()], [centre.lat, view.getEast()]);
      const km = Math.max(0.1, Math.min(high, wide) / 2000);
      const near = `${centre.lat.toFixed(4)},${centre.lng.toFixed(4)},${km.toFixed(1)}km`;
      go(address({ near }));
    });
  }
}

/** Leaflet's `panBy` at once: it has no option that says so for each way to it. */
function jump(offset, options) {
  return L.Map.prototype.panBy.call(this, offset, { ...options, animate: false });
}

/** What an address gives; nothing where it fails, which is told. */
async function read(url) {
  const answer = await fetch(url).catch(() => null);
  if (answer?.ok) return answer.json();
  announce(say("map_failed"));
  return null;
}

const pointOf = ({ geometry }) => L.latLng(geometry.coordinates[1], geometry.coordinates[0]);

function circleOf(near) {
  const [lat, lon, reach] = near.split(",");
  const metres = parseFloat(reach) * (/km\s*$/.test(reach) ? 1000 : 1);
  return { centre: L.latLng(lat, lon), metres };
}

function pin(feature, opens) {
  const { severity, certainty, verdict, title } = feature.properties;
  const html = shape(severity, certainty);
  const className = verdict === "dismissed" ? "pin dismissed" : "pin";
  const icon = L.divIcon({ html, className, iconSize: [26, 26] });
  const marker = L.marker(pointOf(feature), { icon, keyboard: false, title });
  marker.feature = feature;
  if (opens) marker.bindPopup(() => card(feature), { minWidth: 220, autoPanPadding: [20, 20] });
  return marker;
}

function card({ id, properties }) {
  const { title, severity, certainty, size, last, place, radius_m: radius } = properties;
  const said = [say(`grade_${severity}`), say(`grade_${certainty}`), say("map_posts", { n: size })];
  const km = say("map_around", { km: number(Math.round(radius / 100) / 10) });
  const href = `/events/${encodeURIComponent(id)}`;
  return make(
    "div",
    { class: "card" },
    make("p", { class: "grades" }, shape(severity, certainty), said.join(" · ")),
    make("h3", {}, make("a", { href }, make("bdi", {}, title || id))),
    make("p", {}, make("bdi", {}, place), ` ${km} · ${moment(new Date(last))}`),
  );
}

function cluster(group) {
  const severities = group.getAllChildMarkers().map(({ feature }) => feature.properties.severity);
  const worst = severities.reduce(worse);
  const count = make("span", {}, number(severities.length));
  const html = make("div", { title: say("map_cluster", { n: severities.length }) }, shape(worst), count);
  const size = severities.length < 10 ? 34 : 42;
  return L.divIcon({ html, className: `cluster ${worst.toLowerCase()}`, iconSize: [size, size] });
}

/** Where it is clicked fills the form of a wrong place, if that is open. */
function place({ lat, lng }) {
  const form = document.querySelector("details[data-verdict=place][open] form");
  if (!form) return;
  form.querySelector("[data-place=lat]").value = lat.toFixed(5);
  form.querySelector("[data-place=lon]").value = lng.toFixed(5);
}
