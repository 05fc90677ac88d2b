// Single keys: off while one writes, and off for good where the reader wants it so.

import { decide, undo } from "./judge.js";
import { announce, make, say } from "./say.js";

const OFF = "keys-off";
const ROWS = "#events > li.event, #posts > li[data-signal], #posts > li[data-dropped]";
const WRITING = "input:not([type=checkbox], [type=radio]), textarea, select";

const ACTS = {
  j: () => step(1),
  k: () => step(-1),
  o: () => selected()?.querySelector("a[href]")?.click(),
  c: () => judge("c", "confirm"),
  d: () => judge("d", "dismiss"),
  m: () => judge("m", "merge"),
  n: () => judge("n", "note"),
  u: () => (press("u") ? undefined : undo()),
  "/": () => document.getElementById("q")?.focus(),
  "?": () => help(),
};

/** Listen to the keys, everywhere. */
export function startKeys() {
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    if (localStorage.getItem(OFF) || event.target.closest?.(WRITING)) return;
    if (document.querySelector("dialog[open]") || !(event.key in ACTS)) return;
    event.preventDefault();
    ACTS[event.key]();
  });
  const button = make("button", { type: "button", class: "keys-help", onclick: help }, say("keys"));
  document.querySelector("body > footer")?.append(button);
  if (location.hash.startsWith("#say-")) press(location.hash.at(5));
}

function selected() {
  const rows = [...document.querySelectorAll(ROWS)];
  return rows.find((row) => row.contains(document.activeElement)) || rows.find(isCurrent);
}

const isCurrent = (row) => row.hasAttribute("data-current");

function step(by) {
  const rows = [...document.querySelectorAll(ROWS)];
  if (!rows.length) return;
  const at = rows.indexOf(selected());
  const next = rows[Math.max(0, Math.min(rows.length - 1, at + by))];
  rows.forEach((row) => row.removeAttribute("data-current"));
  next.setAttribute("data-current", "");
  next.tabIndex = -1;
  next.focus({ preventScroll: true });
  next.scrollIntoView({ block: "nearest" });
}

/** Press what has that key on this page; whether there was something. */
function press(key) {
  const places = document.querySelectorAll(`#judge [data-key="${CSS.escape(key)}"]`);
  const place = [...places].at(-1);
  if (!place) return false;
  const details = place.closest("details");
  if (place.matches("summary")) {
    details.open = true;
    details.querySelector("input:not([type=hidden]), textarea")?.focus();
  } else place.click();
  return true;
}

function judge(key, verdict) {
  if (document.getElementById("judge")) {
    press(key);
    return;
  }
  const row = selected();
  if (!row?.dataset.event) announce(say("choose_first"));
  else if (verdict === "merge" || verdict === "note") {
    location.assign(`/events/${encodeURIComponent(row.dataset.event)}#say-${key}`);
  } else decide(row, verdict);
}

async function help() {
  const answer = await fetch("/help").catch(() => null);
  if (!answer?.ok) return;
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const on = make("input", { type: "checkbox" });
  on.checked = !localStorage.getItem(OFF);
  on.addEventListener("change", () => {
    if (on.checked) localStorage.removeItem(OFF);
    else localStorage.setItem(OFF, "1");
  });
  const dialog = make("dialog", { id: "keys", "aria-labelledby": "keys-heading" });
  dialog.append(
    make("h2", { id: "keys-heading" }, say("keys")),
    page.querySelector("dl.keys"),
    make("label", { class: "switch" }, on, say("keys_on")),
    make("p", {}, make("a", { href: "/help" }, say("help_whole"))),
    make("button", { type: "button", onclick: () => dialog.close() }, say("close")),
  );
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
}
