// What a list can be narrowed to comes when the filter is opened: it may be hundreds of channels.

import { $, ask } from "./page.js";
import { complain } from "./toasts.js";

let loading = null;

async function load(place) {
  place.setAttribute("aria-busy", "true");
  try {
    const holder = document.createElement("template");
    holder.innerHTML = await ask(place.dataset.choicesUrl, { as: "html" });
    const hadFocus = place.contains(document.activeElement);
    const first = $("select", holder.content);
    place.replaceWith(holder.content);
    if (hadFocus) first.focus();
  } finally {
    place.removeAttribute("aria-busy");
  }
}

/** Bring the choices if they are not there; asking again while they come asks once. */
function prepare() {
  const place = $("#filter [data-choices-url]");
  if (!place) return Promise.resolve();
  loading ??= load(place).finally(() => { loading = null; });
  return loading;
}

/** Open the filter with the cursor in it. */
export async function openFilter() {
  const filter = $("#filter");
  if (!filter) return;
  filter.open = true;
  await prepare();
  if (filter.open) $("select", filter)?.focus();
}

const isOfFilter = (event) => event.target.closest?.("#filter > summary");

/** Begin as soon as somebody is about to open it, so that nobody waits. */
export function startFilter() {
  for (const name of ["pointerover", "focusin"])
    document.addEventListener(name, (event) => { if (isOfFilter(event)) prepare().catch(() => {}); });
  document.addEventListener("toggle", (event) => {
    if (event.target.id === "filter" && event.target.open) prepare().catch(complain);
  }, true);
  if ($("#filter")?.open) prepare().catch(complain); // opened before this script was there
}
