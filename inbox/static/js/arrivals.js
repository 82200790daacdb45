// What changes while one looks: rows change in place, new ones wait behind "4 new", nothing moves under the cursor.

import { $, say } from "./page.js";
import { refreshCounts } from "./counts.js";
import { openId, refresh } from "./pane.js";
import { allRows, focusedRow, focusRow, insertSorted, isFurtherDown, makeRow, replaceRow, rowOf, showEmptiness, takeOut } from "./rows.js";
import { announce, toast } from "./toasts.js";
import { belongs } from "./views.js";

const waiting = new Map();
const button = () => $("#news");

/** Take in what the stream says: changed rows, rows that are gone, channels and alerts that changed. */
export function takeIn(changes) {
  for (const changed of changes.rows ?? []) takeRow(changed);
  for (const id of changes.gone ?? []) takeGone(String(id));
  const open = openId();
  const ids = [...(changes.rows ?? []).map((row) => String(row.id)), ...(changes.gone ?? []).map(String)];
  if (open && ids.includes(open)) refresh();
  if (ids.length || changes.channels?.length) refreshCounts();
  if (changes.channels?.length || changes.alerts) document.dispatchEvent(new CustomEvent("relevo:channels", { detail: changes.channels }));
  drawNews();
}

function takeRow({ id, html }) {
  if (!$("#rows")) return;
  const fresh = makeRow(html);
  const known = rowOf(id);
  const isOurs = belongs(fresh.dataset);
  if (!known) {
    if (isOurs && !isFurtherDown(fresh)) waiting.set(String(id), fresh);
    else waiting.delete(String(id));
    return;
  }
  const row = replaceRow(known, fresh, { isOpen: String(id) === openId() });
  row.classList.toggle("stale", !isOurs);
  if (!isOurs && !isWatched()) takeOut(row);
}

function takeGone(id) {
  waiting.delete(id);
  const row = rowOf(id);
  if (!row) return;
  row.classList.add("stale");
  if (!isWatched()) takeOut(row);
}

/** Tell whether somebody points at the list, stands in it, or decides about a row: then nothing may move. */
function isWatched() {
  return Boolean($("#rows:hover")) || Boolean(focusedRow()) || Boolean($("dialog[open]"));
}

function drawNews() {
  const place = button();
  if (!place) return;
  const isWorse = waiting.size > Number(place.dataset.count ?? 0);
  place.hidden = waiting.size === 0;
  place.dataset.count = String(waiting.size);
  place.textContent = waiting.size === 1 ? say("new_one") : say("new_many", { n: waiting.size });
  if (isWorse) announce(place.textContent);
  if (waiting.size && !allRows().length && !isWatched()) showNews({ quietly: true });
}

/** Put what waits behind "4 new" into the list, each where it belongs. */
export function showNews({ quietly = false } = {}) {
  if (!waiting.size) return;
  for (const row of document.querySelectorAll("#rows > li.stale")) takeOut(row);
  let first = null;
  for (const row of waiting.values()) {
    row.classList.add("unread");
    const placed = insertSorted(row);
    if (!first || placed.compareDocumentPosition(first) & Node.DOCUMENT_POSITION_FOLLOWING) first = placed;
  }
  waiting.clear();
  showEmptiness();
  drawNews();
  if (!quietly) focusRow(first);
}

/** Say that the page should be loaded again: too much has changed. */
export function askToReload(text = say("reload")) {
  if ($(".toast[data-reload]")) return;
  const element = toast(text, { isBad: true, seconds: 3600, button: { text: say("reload_now"), press: () => location.reload() } });
  element.dataset.reload = "1";
}

/** Listen to the button, and let stale rows go when nobody points at the list. */
export function startArrivals() {
  document.addEventListener("click", (event) => { if (event.target.closest("#news")) showNews(); });
  $("#rows-scroll")?.addEventListener("mouseleave", () => {
    if (!isWatched()) for (const row of document.querySelectorAll("#rows > li.stale")) takeOut(row);
  });
}
