// The shape and colour of a severity, the line and fill of a certainty: the same on map and legend.

import { make, say } from "./say.js";

const SPACE = "http://www.w3.org/2000/svg";

/** From the worst down; a shape each, so that colour is never alone. */
export const SEVERITIES = {
  Extreme: "M8 1h8l7 7v8l-7 7H8l-7-7V8z",
  Severe: "M12 1.5 23.2 21.5H.8z",
  Moderate: "M12 .8 23.2 12 12 23.2.8 12z",
  Minor: "M12 2.5a9.5 9.5 0 1 1 0 19 9.5 9.5 0 0 1 0-19z",
  Unknown: "M3.5 3.5h17v17h-17z",
};
export const CERTAINTIES = ["Observed", "Likely", "Possible", "Unlikely", "Unknown"];
const ORDER = Object.keys(SEVERITIES);

/** A shape as SVG. */
export function shape(severity, certainty = "Observed") {
  const svg = document.createElementNS(SPACE, "svg");
  const path = document.createElementNS(SPACE, "path");
  svg.setAttribute("viewBox", "-2 -2 28 28");
  svg.setAttribute("aria-hidden", "true");
  svg.classList.add("shape");
  svg.dataset.severity = severity;
  svg.dataset.certainty = certainty;
  path.setAttribute("d", SEVERITIES[severity] || SEVERITIES.Unknown);
  svg.append(path);
  return svg;
}

/** The worse of two severities. */
export const worse = (one, other) => (ORDER.indexOf(one) <= ORDER.indexOf(other) ? one : other);

/** What the shapes mean, as lists. */
export function legend() {
  const severities = ORDER.map((name) => make("li", {}, shape(name), say(`grade_${name}`)));
  const certainties = CERTAINTIES.slice(0, 4).map((name) =>
    make("li", {}, shape("Minor", name), say(`grade_${name}`)),
  );
  return [make("ul", {}, ...severities), make("ul", {}, ...certainties)];
}
