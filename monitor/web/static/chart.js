// The timeline: a range is chosen by dragging over the bars, or with two sliders.

import { address, go } from "./go.js";
import { make, number, say } from "./say.js";
import { moment } from "./times.js";

/** Have the bars choose a range. */
export function startChart(root) {
  const svg = root.querySelector("svg#bars");
  if (svg && !svg.closest(".brush")) new Chart(svg);
}

class Chart {
  constructor(svg) {
    this.bars = [...svg.querySelectorAll(".bar")].map((bar) => ({
      from: new Date(bar.dataset.from),
      count: Number(bar.dataset.count),
    }));
    this.every = Number(svg.dataset.every) * 1000;
    this.last = this.bars.length - 1;
    this.band = make("div", { class: "band", hidden: true });
    this.tip = make("p", { class: "tip", hidden: true });
    this.brush = make("div", { class: "brush" });
    svg.replaceWith(this.brush);
    this.brush.append(svg, this.band, this.tip);
    this.brush.after(this.axis(), this.sliders());
    this.listen();
  }

  axis() {
    const ticks = [0, Math.floor(this.last / 2), this.last].map((at) => this.bars[at].from);
    const shown = this.last > 1 ? ticks : ticks.slice(0, 1);
    const most = Math.max(...this.bars.map((bar) => bar.count));
    this.brush.append(make("span", { class: "most", "aria-hidden": "true" }, number(most)));
    const times = shown.map((at) => make("span", {}, moment(at)));
    return make("div", { class: "axis", "aria-hidden": "true" }, ...times);
  }

  sliders() {
    const slider = (key, value) =>
      make("input", { type: "range", min: 0, max: this.last, value, "aria-label": say(key) });
    this.from = slider("range_from", 0);
    this.to = slider("range_to", this.last);
    this.said = make("output", {});
    this.show = make("button", { type: "submit", disabled: true }, say("range_show"));
    for (const input of [this.from, this.to]) {
      input.addEventListener("input", () => {
        if (Number(this.from.value) > Number(this.to.value)) {
          (input === this.from ? this.to : this.from).value = input.value;
        }
        this.chosen();
      });
    }
    // Not boosted: htmx would ask for the address of the page besides, and the later answer wins.
    const alone = { class: "range", "hx-boost": "false" };
    const form = make("form", alone, this.from, this.to, this.said, this.show);
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.ask();
    });
    this.label();
    return form;
  }

  listen() {
    let begun = null;
    this.brush.addEventListener("pointerdown", (event) => {
      if (event.button !== 0) return;
      begun = this.at(event);
      this.brush.setPointerCapture(event.pointerId);
      this.choose(begun, begun);
    });
    this.brush.addEventListener("pointermove", (event) => {
      const here = this.at(event);
      this.point(here);
      if (begun !== null) this.choose(Math.min(begun, here), Math.max(begun, here));
    });
    this.brush.addEventListener("pointerup", () => {
      if (begun !== null) this.ask();
      begun = null;
    });
    this.brush.addEventListener("pointercancel", () => (begun = null));
    this.brush.addEventListener("pointerleave", () => (this.tip.hidden = true));
  }

  at({ clientX }) {
    const { left, width } = this.brush.getBoundingClientRect();
    const share = (clientX - left) / width;
    return Math.max(0, Math.min(this.last, Math.floor(share * this.bars.length)));
  }

  point(index) {
    const { from, count } = this.bars[index];
    this.tip.textContent = say("bar", { at: moment(from), n: number(count) });
    this.tip.style.left = `${(100 * (index + 0.5)) / this.bars.length}%`;
    this.tip.classList.toggle("leftward", index > this.last / 2);
    this.tip.hidden = false;
  }

  choose(from, to) {
    this.from.value = from;
    this.to.value = to;
    this.chosen();
  }

  chosen() {
    const [from, to] = [Number(this.from.value), Number(this.to.value)];
    this.band.hidden = false;
    this.band.style.left = `${(100 * from) / this.bars.length}%`;
    this.band.style.width = `${(100 * (to + 1 - from)) / this.bars.length}%`;
    this.show.disabled = false;
    this.label();
  }

  range() {
    const since = this.bars[Number(this.from.value)].from;
    const until = new Date(this.bars[Number(this.to.value)].from.getTime() + this.every);
    return [since, until];
  }

  label() {
    const [since, until] = this.range().map(moment);
    const inside = this.bars.slice(Number(this.from.value), Number(this.to.value) + 1);
    const sum = inside.reduce((all, bar) => all + bar.count, 0);
    this.said.textContent = say("range", { since, until, n: number(sum) });
    this.from.setAttribute("aria-valuetext", since);
    this.to.setAttribute("aria-valuetext", until);
  }

  ask() {
    const [since, until] = this.range().map((at) => at.toISOString().replace(".000Z", "Z"));
    go(address({ since, until }));
  }
}
