// What arrives while the page is open: told once, and counted in the title.

/** Watch the banner that htmx fills. */
export function startNews(root) {
  if (root.id !== "changes") return;
  const arrived = root.querySelector("[data-number]");
  const title = document.title.replace(/^\(\d+\+?\) /, "");
  document.title = arrived ? `(${arrived.dataset.number}) ${title}` : title;
}

document.addEventListener("htmx:beforeSwap", ({ detail }) => {
  if (detail.target.id !== "changes") return;
  const told = detail.target.querySelector("[data-number]")?.dataset.number;
  const part = new DOMParser().parseFromString(detail.serverResponse, "text/html");
  const number = part.querySelector("[data-number]")?.dataset.number;
  if (detail.xhr.status !== 200 || told === number) detail.shouldSwap = false;
});
