// What the pages do beyond links and forms. Each piece starts where its elements are, when the page
// is loaded and when htmx has put a new part in.

import "./go.js";
import { startAsk } from "./ask.js";
import { startChart } from "./chart.js";
import { startExports } from "./exports.js";
import { startKeys } from "./keys.js";
import { startLook } from "./theme.js";
import { startMap } from "./map.js";
import { startNews } from "./news.js";
import { make } from "./say.js";
import { showTimes } from "./times.js";
import { startZone } from "./zone.js";

const NARROW = matchMedia("(max-width: 44rem)");

/** On a phone only facets that narrow are open. */
function foldFacets(root) {
  if (!NARROW.matches) return;
  for (const facet of root.querySelectorAll(".facet")) {
    facet.open = facet.querySelector("[aria-current]") !== null;
  }
}

/** A table that is wider than its place scrolls there, by keyboard too. */
function boxTables(root) {
  for (const table of root.querySelectorAll("table")) {
    if (table.parentElement.matches(".scroll, .as-table")) continue;
    const box = make("div", { class: "scroll", role: "group" });
    const heading = table.closest("section")?.getAttribute("aria-labelledby");
    table.replaceWith(box);
    box.append(table);
    if (box.scrollWidth <= box.clientWidth) continue;
    box.tabIndex = 0;
    if (heading) box.setAttribute("aria-labelledby", heading);
    else box.setAttribute("aria-label", table.caption?.textContent || document.title);
  }
}

function start(root) {
  boxTables(root);
  foldFacets(root);
  showTimes(root);
  startAsk(root);
  startChart(root);
  startMap(root);
  startExports(root);
  startNews(root);
  startZone(root);
}

startLook();
startKeys();
start(document);
document.addEventListener("htmx:afterSwap", ({ detail }) => start(detail.target));
