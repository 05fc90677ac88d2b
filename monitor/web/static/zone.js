// The reader's own time zone where a form asks for one and nothing is said yet.

/** Fill in the zone, and offer all there are. */
export function startZone(root) {
  const field = root.querySelector("[data-own-zone]");
  if (!field || field.list) return;
  if (!field.value) field.value = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const list = document.createElement("datalist");
  list.id = "zones";
  for (const zone of Intl.supportedValuesOf("timeZone")) {
    list.append(Object.assign(document.createElement("option"), { value: zone }));
  }
  field.after(list);
  field.setAttribute("list", list.id);
}
