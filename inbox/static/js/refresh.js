// Keeps what stands around the page fresh: banners within a minute, and pages that ask for it.

import { $, ask, swap } from "./page.js";

const EVERY_MILLISECONDS = 30_000;

async function refreshBanners() {
  const place = $("#banners");
  if (!place || document.hidden) return;
  const html = (await ask("/banners", { as: "html" })).trim();
  if (html === place.dataset.shown) return;
  document.dispatchEvent(new CustomEvent("relevo:banners"));
  place.dataset.shown = html;
  await swap(place, html, "innerMorph");
}

/** Ask for this page again and bring what it shows in line, unless somebody is busy in it. */
async function refreshPage() {
  const place = $("[data-refresh]");
  if (!place || document.hidden || place.contains(document.activeElement)) return;
  const fresh = new DOMParser().parseFromString(await ask(place.dataset.refresh, { as: "html" }), "text/html");
  const found = fresh.getElementById(place.id);
  if (found) await swap(place, found.innerHTML, "innerMorph");
}

/** Ask again every half minute, and when the stream says that a channel or an alert changed. */
export function startRefresh() {
  const again = () => {
    refreshBanners().catch(() => {});
    refreshPage().catch(() => {});
  };
  setInterval(again, EVERY_MILLISECONDS);
  document.addEventListener("relevo:channels", () => setTimeout(again, 300));
}
