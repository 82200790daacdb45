// More rows as the reader nears the end of the list.

import { $, $$, ask } from "./page.js";
import { focusedRow, rowOf } from "./rows.js";
import { complain } from "./toasts.js";

// A page that is loaded again shows as many parts as before, and where the reader was.
const PARTS_AT_MOST = 10;
let isLoading = false;
let list = "";
let parts = 0;
let isTakingUp = true;

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
    parts += 1;
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
  if (isTakingUp) return;
  const place = $("#rows > [data-more]");
  if (place) watcher.observe(place);
}

function keepPlace() {
  if (parts) sessionStorage.setItem("relevo-list", JSON.stringify({ list, parts, at: $("#rows").scrollTop }));
  else sessionStorage.removeItem("relevo-list");
}

async function takeUpPlace() {
  const kept = JSON.parse(sessionStorage.getItem("relevo-list") || "null");
  const isAgain = performance.getEntriesByType("navigation")[0]?.type === "reload";
  if (!isAgain || kept?.list !== list) return;
  for (let wanted = 1; wanted <= Math.min(kept.parts, PARTS_AT_MOST) && parts === wanted - 1; wanted += 1) await loadMore();
  $("#rows").scrollTop = kept.at;
}

/** Which list this is, whatever part of it is next. */
function nameOfList() {
  const link = $("#rows > [data-more] a");
  if (!link) return "";
  const address = new URL(link.href);
  address.searchParams.delete("after");
  return address.search;
}

/** Load more rows by themselves, or when asked. */
export function startMore() {
  if (!$("#rows")) return;
  list = nameOfList();
  addEventListener("pagehide", keepPlace);
  document.addEventListener("click", (event) => {
    if (!event.target.closest("#rows > [data-more] a")) return;
    event.preventDefault();
    loadMore();
  });
  takeUpPlace().catch(complain).finally(() => {
    isTakingUp = false;
    watch();
  });
}

