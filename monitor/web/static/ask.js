// The search box: what may be written next, where a question goes wrong, searches that are kept.

import { announce, make, say } from "./say.js";
import { savedSearches } from "./saved.js";

const PAUSE_MS = 120;

/** Have the search box suggest. */
export function startAsk(root) {
  const input = root.querySelector("#q");
  if (!input || input.hasAttribute("aria-controls")) return;
  new Box(input);
  pointAt(input, document.getElementById("fault"));
  if (input.form.id === "ask" && document.querySelector("[data-address]")) {
    input.form.append(savedSearches());
  }
}

const codePoints = (text) => [...text].length;
const utf16 = (text, points) => [...text].slice(0, points).join("").length;

/** Show a question with the place where it goes wrong marked, and put the cursor there. */
function pointAt(input, fault) {
  if (!fault) return;
  input.setAttribute("aria-invalid", "true");
  input.setAttribute("aria-describedby", "fault");
  if (fault.dataset.position === undefined) return;
  const start = utf16(input.value, Number(fault.dataset.position));
  const end = Math.max(start + 1, start + (/^\S+/.exec(input.value.slice(start))?.[0].length || 0));
  const wrong = make("mark", {}, input.value.slice(start, end) || "\u00a0");
  const shown = [input.value.slice(0, start), wrong, input.value.slice(end)];
  fault.append(make("code", { class: "where", "aria-hidden": "true" }, ...shown));
  fault.append(make("span", { class: "hint" }, say("fault_hint")));
  input.focus();
  input.setSelectionRange(start, Math.min(end, input.value.length));
}

class Box {
  constructor(input) {
    this.input = input;
    this.list = make("ul", { id: "suggestions", role: "listbox", hidden: true });
    this.list.setAttribute("aria-label", say("suggestions"));
    this.found = [];
    this.active = -1;
    this.asked = 0;
    const attributes = { role: "combobox", "aria-autocomplete": "list", "aria-expanded": "false" };
    for (const [name, value] of Object.entries(attributes)) input.setAttribute(name, value);
    input.setAttribute("aria-controls", "suggestions");
    input.after(this.list);
    input.addEventListener("input", () => this.later());
    input.addEventListener("keydown", (event) => this.key(event));
    input.addEventListener("blur", () => this.close());
    input.form.addEventListener("submit", () => this.close());
    this.list.addEventListener("mousedown", (event) => {
      event.preventDefault();
      const option = event.target.closest("[role=option]");
      if (option) this.take([...this.list.children].indexOf(option));
    });
  }

  later() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.suggest(), PAUSE_MS);
  }

  async suggest() {
    const { value, selectionStart, dataset } = this.input;
    const at = codePoints(value.slice(0, selectionStart));
    const params = new URLSearchParams({ text: value, at, of: dataset.of });
    const asked = ++this.asked;
    const answer = await fetch(`${dataset.suggestions}?${params}`).catch(() => null);
    if (asked !== this.asked || !answer?.ok || document.activeElement !== this.input) return;
    this.found = (await answer.json()).suggestions;
    this.open();
  }

  open() {
    const options = this.found.map(({ text, about }, index) =>
      make(
        "li",
        { role: "option", id: `suggestion-${index}`, "aria-selected": "false" },
        make("bdi", {}, text),
        make("span", { class: "about" }, about),
      ),
    );
    this.list.replaceChildren(...options);
    this.active = -1;
    this.list.hidden = !options.length;
    this.input.setAttribute("aria-expanded", String(options.length > 0));
    this.input.removeAttribute("aria-activedescendant");
    if (options.length) announce(say("suggested", { n: options.length }));
  }

  close() {
    clearTimeout(this.timer);
    this.asked += 1;
    this.found = [];
    this.open();
  }

  key(event) {
    const moves = { ArrowDown: 1, ArrowUp: -1 };
    if (event.key === "Escape" && !this.list.hidden) {
      event.preventDefault();
      this.close();
    } else if (event.key in moves) {
      event.preventDefault();
      if (this.list.hidden) this.suggest();
      else this.move(moves[event.key]);
    } else if (event.key === "Enter" && this.active >= 0) {
      event.preventDefault();
      this.take(this.active);
    }
  }

  move(step) {
    const { children } = this.list;
    children[this.active]?.setAttribute("aria-selected", "false");
    const from = this.active < 0 && step < 0 ? 0 : this.active;
    this.active = (from + step + children.length) % children.length;
    children[this.active].setAttribute("aria-selected", "true");
    children[this.active].scrollIntoView({ block: "nearest" });
    this.input.setAttribute("aria-activedescendant", children[this.active].id);
  }

  take(index) {
    const { text, start, end } = this.found[index];
    const { value } = this.input;
    const [from, to] = [utf16(value, start), utf16(value, end)];
    const whole = text.endsWith(":") ? text : `${text} `;
    this.input.value = value.slice(0, from) + whole + value.slice(to).trimStart();
    this.input.setSelectionRange(from + whole.length, from + whole.length);
    this.close();
    if (text.endsWith(":")) this.suggest();
  }
}
