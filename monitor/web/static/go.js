// From one view to the next: addresses, and where the focus goes when a part of the page is new.

import { announce } from "./say.js";

/** The address of the view that is shown, with some of its parameters changed; from page one on. */
export function address(changes) {
  const shown = document.querySelector("[data-address]");
  const url = new URL(shown ? shown.dataset.address : location.pathname, location.origin);
  for (const [name, value] of Object.entries({ ...changes, after: "" })) {
    if (value) url.searchParams.set(name, value);
    else url.searchParams.delete(name);
  }
  return url.pathname + url.search;
}

/** Show that address in `#main`, as a link there would. */
export function go(url) {
  htmx.ajax("GET", url, { target: "#main", swap: "innerHTML", push: url });
}

const MARKS = ["data-value", "data-sort", "data-export", "data-event", "data-signal", "data-key"];
let before = "";

/** Remember what has the focus, by something that its successor has too. */
function remember() {
  const focused = document.activeElement;
  const mark = MARKS.find((name) => focused?.hasAttribute(name));
  if (!focused?.closest("#main")) before = "";
  else if (focused.id) before = `#${CSS.escape(focused.id)}`;
  else if (mark) before = `[${mark}="${CSS.escape(focused.getAttribute(mark))}"]`;
  else before = "#main";
}

function restore() {
  if (document.activeElement && document.activeElement !== document.body) return;
  const successor = before && document.querySelector(before);
  (successor || document.getElementById("main")).focus({ preventScroll: true });
  announce(document.getElementById("counted")?.textContent || document.title);
}

document.addEventListener("htmx:beforeSwap", ({ detail }) => {
  if (detail.target.id === "main") remember();
});
document.addEventListener("htmx:afterSettle", ({ detail }) => {
  if (detail.target.id === "main" && before) restore();
});
