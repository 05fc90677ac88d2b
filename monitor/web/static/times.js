// Moments in the reader's zone, which the page names.

import { language, say } from "./say.js";

const { timeZone } = Intl.DateTimeFormat().resolvedOptions();
const CLOCK = { hour: "2-digit", minute: "2-digit", hourCycle: "h23" };
const DAY = { day: "numeric", month: "short", ...CLOCK };
const form = (options) => new Intl.DateTimeFormat(language, options);
const near = form(DAY);
const far = form({ year: "numeric", ...DAY });
const whole = form({ dateStyle: "full", timeStyle: "long" });
const clock = form(CLOCK);
const RECENT_MS = 48 * 3_600_000;
const ago = new Intl.RelativeTimeFormat(language, { style: "short" });

/** A moment in few words, with its year where that is another. */
export function moment(at) {
  return (at.getFullYear() === new Date().getFullYear() ? near : far).format(at);
}

const today = (at) =>
  at.toDateString() === new Date().toDateString() ? clock.format(at) : moment(at);

function distance(at) {
  const minutes = (at - Date.now()) / 60_000;
  if (Math.abs(minutes) < 60) return ago.format(Math.round(minutes), "minute");
  if (Math.abs(minutes) < 48 * 60) return ago.format(Math.round(minutes / 60), "hour");
  return ago.format(Math.round(minutes / 1440), "day");
}

/** The zone, as in "Europe/London, GMT+1". */
export function zone() {
  const parts = form({ timeZoneName: "shortOffset" }).formatToParts(new Date());
  const offset = parts.find((part) => part.type === "timeZoneName").value;
  return timeZone === "UTC" ? "UTC" : `${timeZone}, ${offset}`;
}

/** Show all moments below an element in the reader's zone. */
export function showTimes(root) {
  for (const time of root.querySelectorAll("time[data-moment]")) {
    const at = new Date(time.dateTime);
    if (Number.isNaN(at.getTime())) continue;
    const spoken = Date.now() - at < RECENT_MS && time.closest("p.facts, #news");
    time.textContent = spoken ? `${today(at)} (${distance(at)})` : moment(at);
    time.title = say("moment", { whole: whole.format(at), ago: distance(at) });
  }
  for (const name of document.querySelectorAll("[data-zone]")) name.textContent = zone();
}
