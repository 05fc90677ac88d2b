// Searches that a reader keeps, in this browser alone.

import { announce, make, say } from "./say.js";

const KEY = "saved";

function kept() {
  try {
    return JSON.parse(localStorage.getItem(KEY)) || [];
  } catch {
    return [];
  }
}

/** A list of the searches that are kept, and a form that keeps the one that is shown. */
export function savedSearches() {
  const list = make("ul", {});
  const label = say("saved_name");
  const name = make("input", { maxlength: 60, "aria-label": label, autocomplete: "off" });
  const save = make("button", { type: "button", onclick: add }, say("saved_save"));
  const summary = make("summary", {});
  const field = make("div", { class: "saving" }, name, save);
  const box = make("details", { class: "saved" }, summary, list, field);
  name.placeholder = label;
  name.addEventListener("keydown", (event) => {
    if (event.key !== "Enter") return;
    event.preventDefault();
    add();
  });

  function add() {
    const { address } = document.querySelector("[data-address]").dataset;
    const question = document.getElementById("q").value.trim();
    const called = name.value.trim() || question || say("saved_all");
    keep([...kept().filter((one) => one.name !== called), { name: called, address }]);
    name.value = "";
    announce(say("saved_done", { name: called }));
  }

  function keep(searches) {
    localStorage.setItem(KEY, JSON.stringify(searches));
    show();
  }

  function row(one) {
    const forget = () => {
      keep(kept().filter((other) => other.name !== one.name));
      summary.focus();
    };
    const label = say("saved_forget", { name: one.name });
    const link = make("a", { href: one.address }, make("bdi", {}, one.name));
    const button = make("button", { type: "button", "aria-label": label, onclick: forget }, "×");
    return make("li", {}, link, button);
  }

  function show() {
    const searches = kept().filter((one) => String(one.address).startsWith("/"));
    summary.textContent = say("saved", { n: searches.length });
    list.replaceChildren(...searches.map(row));
    if (!searches.length) list.append(make("li", { class: "none" }, say("saved_none")));
  }
  show();
  return box;
}
