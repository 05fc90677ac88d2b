// Judging from the list: pending at once, then what became of it.

import { announce, make, say } from "./say.js";

const LOOK_MS = 400;
let last = null;

async function tell(target, verdict, value = []) {
  const answer = await fetch("/api/v1/decisions", {
    method: "POST",
    headers: {
      "Content-Type": "application/json",
      "X-CSRF-Token": document.querySelector("meta[name=csrf]").content,
    },
    body: JSON.stringify({ target, verdict, value }),
  });
  if (!answer.ok) throw new Error(String(answer.status));
  return answer.json();
}

async function settled(decision) {
  let found = decision;
  while (found.outcome === "pending") {
    await new Promise((wake) => setTimeout(wake, LOOK_MS));
    const answer = await fetch(`/api/v1/decisions/${decision.number}`);
    if (!answer.ok) throw new Error(String(answer.status));
    found = await answer.json();
  }
  return found;
}

/** Say that of the event of a row. */
export async function decide(row, verdict) {
  await follow(row, verdict, () => tell(row.dataset.event, verdict));
}

/** Take back what was said last on this page. */
export async function undo() {
  if (!last) {
    announce(say("nothing_to_undo"));
    return;
  }
  const { row, number } = last;
  last = null;
  await follow(row, "undo", () => tell(row.dataset.event, "undo", [String(number)]));
}

async function follow(row, verdict, begin) {
  row.querySelector(".said")?.remove();
  const said = make("span", { class: "said", "data-outcome": "pending" });
  const show = (outcome) => {
    said.dataset.outcome = outcome;
    said.textContent = say("said", { verdict: say(`said_${verdict}`), outcome: say(outcome) });
    announce(said.textContent);
  };
  row.querySelector(".grades").append(said);
  show("pending");
  try {
    const decision = await begin();
    if (verdict !== "undo") last = { row, number: decision.number };
    show((await settled(decision)).outcome);
  } catch {
    show("failed");
  }
}
