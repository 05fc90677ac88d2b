// What scripts say: the words of `#texts`, a region that is read aloud, and a way to make elements.

const words = JSON.parse(document.getElementById("texts").textContent);
const page = document.documentElement.lang || "en";
const own = navigator.languages.find((one) => one.split("-")[0] === page);

/** The page's language, as it is written where the reader lives. */
export const language = own || page;

/** The words of that key with its values filled in. */
export function say(key, values = {}) {
  return words[key].replace(/\{(\w+)\}/g, (_, name) => values[name]);
}

/** Have a sentence read aloud. */
export function announce(sentence) {
  const status = document.getElementById("status");
  status.textContent = "";
  setTimeout(() => (status.textContent = sentence), 50);
}

/** An element with attributes and children; texts are never markup. `on…` is listened to. */
export function make(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
    else if (value === true) element.setAttribute(key, "");
    else if (value !== false && value !== undefined) element.setAttribute(key, value);
  }
  element.append(...children);
  return element;
}

/** A number as readers of this language write it. */
export const number = (value) => value.toLocaleString(language);
