// More rows as the reader nears the end of the list.

import { $, $$, ask } from "./page.js";
import { focusedRow, rowOf } from "./rows.js";
import { complain } from "./toasts.js";

let isLoading = false;

/** One row per person: what came as new below "Show more" takes its place, what stands above it keeps its own. */
function takePlace(fresh) {
  const known = rowOf(fresh.dataset.id);
  if (!known) return null;
  if (!known.matches("[data-more] ~ *")) return fresh.remove();
  if ($("a.row[aria-current]", known)) $("a.row", fresh).setAttribute("aria-current", "true");
  return known.remove();
}

async function loadMore() {
  const place = $("#rows > [data-more]");
  if (!place || isLoading) return;
  isLoading = true;
  place.setAttribute("aria-busy", "true");
  const link = $("a", place);
  const hadFocus = link === document.activeElement;
  try {
    const html = await ask(`${link.href}&part=1`, { as: "html" });
    const holder = document.createElement("template");
    holder.innerHTML = html;
    const focused = focusedRow()?.dataset.id;
    for (const row of $$("li[data-id]", holder.content)) takePlace(row);
    const first = $("li[data-id]", holder.content);
    place.replaceWith(holder.content);
    if (focused) $("a.row", rowOf(focused))?.focus({ preventScroll: true });
    if (hadFocus) $("a.row", first)?.focus({ preventScroll: true });
    watch();
  } catch (error) {
    complain(error);
    place.removeAttribute("aria-busy");
  } finally {
    isLoading = false;
  }
}

const watcher = new IntersectionObserver((seen) => { if (seen.some((one) => one.isIntersecting)) loadMore(); }, { rootMargin: "600px" });

function watch() {
  watcher.disconnect();
  const place = $("#rows > [data-more]");
  if (place) watcher.observe(place);
}

/** Load more rows by themselves, or when asked. */
export function startMore() {
  if (!$("#rows")) return;
  document.addEventListener("click", (event) => {
    if (!event.target.closest("#rows > [data-more] a")) return;
    event.preventDefault();
    loadMore();
  });
  watch();
}

