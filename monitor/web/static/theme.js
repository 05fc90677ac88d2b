// The reader's choice of light and dark.

import { make, say } from "./say.js";

const LOOKS = ["auto", "light", "dark"];

/** A switch in the header, in turn: as the system has it, light, dark. */
export function startLook() {
  const root = document.documentElement;
  const button = make("button", { type: "button", class: "look", onclick: turn });
  function show() {
    const label = say(`look_${root.dataset.look}`);
    button.textContent = { auto: "◐", light: "☀", dark: "☾" }[root.dataset.look];
    button.setAttribute("aria-label", label);
    button.title = label;
  }
  function turn() {
    root.dataset.look = LOOKS[(LOOKS.indexOf(root.dataset.look) + 1) % LOOKS.length];
    localStorage.setItem("look", root.dataset.look);
    show();
  }
  show();
  document.querySelector("body > header")?.append(button);
}
