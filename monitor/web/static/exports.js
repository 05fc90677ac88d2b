// Finds to take along: read with a bar that says how far it is, then handed to the browser.

import { announce, make, number, say } from "./say.js";

const NEWLINE = 10;

/** Have the links of exports show their progress. */
export function startExports(root) {
  for (const link of root.querySelectorAll("a[data-export]")) {
    link.addEventListener("click", (event) => {
      event.preventDefault();
      take(link).catch((fault) => {
        if (fault.name !== "AbortError") announce(say("export_failed"));
      });
    });
  }
}

async function take(link) {
  const nav = link.closest(".exports");
  nav.querySelector(".progress")?.remove();
  const stop = new AbortController();
  const bar = make("progress", { max: Math.max(1, Number(nav.dataset.total)), value: 0 });
  const said = make("span", {}, say("export_begun"));
  const cancel = make("button", { type: "button", onclick: () => stop.abort() }, say("cancel"));
  const box = make("div", { class: "progress" }, make("label", {}, bar, said), cancel);
  nav.append(box);
  try {
    const answer = await fetch(link.href, { signal: stop.signal });
    if (!answer.ok) throw new Error(String(answer.status));
    const total = Number(answer.headers.get("X-Total-Count"));
    bar.max = Math.max(1, total);
    const parts = await read(answer, (lines) => {
      bar.value = Math.min(lines, total);
      said.textContent = say("export_part", { n: number(bar.value), total: number(total) });
    });
    bar.value = bar.max;
    said.textContent = say("export_done", { n: number(total) });
    cancel.remove();
    announce(said.textContent);
    hand(new Blob(parts), nameOf(answer));
  } catch (fault) {
    box.remove();
    throw fault;
  }
}

async function read(answer, tell) {
  const parts = [];
  let lines = 0;
  for (const reader = answer.body.getReader(); ; ) {
    const { done, value } = await reader.read();
    if (done) return parts;
    parts.push(value);
    for (const byte of value) lines += byte === NEWLINE;
    tell(lines);
  }
}

function nameOf(answer) {
  return /filename="([^"]+)"/.exec(answer.headers.get("Content-Disposition"))?.[1] || "finds";
}

function hand(blob, name) {
  const url = URL.createObjectURL(blob);
  make("a", { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}
