// The rows of the queue: which one is meant, moving between them, taking one out, putting one where it belongs.

import { $, $$, isField, say } from "./page.js";
import { announce } from "./toasts.js";
import { isByDeadline } from "./views.js";

export const list = () => $("#rows");
export const allRows = () => $$("#rows > li[data-id]");
export const rowOf = (id) => $(`#row-${id}`);
const linkOf = (row) => $("a.row", row);

/** Return the row that has the focus, or None. */
export function focusedRow() {
  return document.activeElement?.closest?.("#rows > li[data-id]") ?? null;
}

/** Return the row that belongs to the open conversation. */
export function openRow() {
  return $("#rows a.row[aria-current]")?.closest("li") ?? null;
}

/** Move the focus up or down; from nowhere, begin at the open row or the first. */
export function move(step) {
  const rows = allRows();
  if (!rows.length) return;
  const here = focusedRow();
  const open = openRow();
  let index = here ? rows.indexOf(here) + step : open ? rows.indexOf(open) + step : 0;
  if (index >= rows.length) {
    announce(say("list_end"));
    index = rows.length - 1;
  }
  focusRow(rows[Math.max(0, index)]);
}

/** Give a row the focus and bring it into view. */
export function focusRow(row) {
  if (!row) return;
  const link = linkOf(row);
  link.focus({ preventScroll: true });
  row.scrollIntoView({ block: "nearest" });
}

/** Mark the row of the open conversation, and as read. */
export function markOpen(id) {
  for (const link of $$("#rows a.row[aria-current]")) link.removeAttribute("aria-current");
  const row = rowOf(id);
  if (!row) return;
  linkOf(row).setAttribute("aria-current", "true");
  row.classList.remove("unread");
}

/** Return the row that follows: the next one, else the one before. */
export function neighbour(row) {
  const rows = allRows();
  const index = rows.indexOf(row);
  return rows[index + 1] ?? rows[index - 1] ?? null;
}

/** Take a row out without losing the focus; returns the row that follows. */
export function takeOut(row) {
  if (!row) return null;
  const next = neighbour(row);
  const hadFocus = row.contains(document.activeElement);
  row.remove();
  if (hadFocus && next) focusRow(next);
  else if (hadFocus) $("#queue-title")?.focus();
  showEmptiness();
  return next;
}

/** Make a row of HTML; returns the element, not yet in the page. */
export function makeRow(html) {
  const holder = document.createElement("template");
  holder.innerHTML = html;
  const row = $("li[data-id]", holder.content);
  const link = linkOf(row);
  const [path] = link.getAttribute("href").split("?"); // in a template it is no address yet, and has no `search`
  link.setAttribute("href", `${path}?${listAddress()}`);
  return row;
}

/** Return the part of the address that names this list and its filters. */
export function listAddress() {
  const data = $("#queue")?.dataset;
  const args = new URLSearchParams();
  for (const name of ["view", "status", "channel", "label", "team", "kind", "until"]) if (data?.[name]) args.set(name, data[name]);
  return args.toString();
}

/** Put a fresh version in the place of a row; what is the member's own (unread, open, focus) stays. */
export function replaceRow(old, fresh, { isOpen = false } = {}) {
  if (Number(fresh.dataset.version) < Number(old.dataset.version)) return old;
  const isNewer = Number(fresh.dataset.seq) > Number(old.dataset.seq);
  const isUnread = isOpen ? false : isNewer || old.classList.contains("unread");
  fresh.classList.toggle("unread", isUnread);
  if (linkOf(old).hasAttribute("aria-current")) linkOf(fresh).setAttribute("aria-current", "true");
  const hadFocus = old.contains(document.activeElement);
  old.replaceWith(fresh);
  if (hadFocus) linkOf(fresh).focus({ preventScroll: true });
  return fresh;
}

const placeOf = (one) => (isByDeadline() ? one.dataset.due : one.dataset.queueAt);
const key = (one) => `${placeOf(one)}|${String(one.dataset.id).padStart(12, "0")}`;

/** Tell whether a row's place is beyond what has been loaded, and it was there before the list was shown. */
export function isFurtherDown(row) {
  const more = $("#rows > [data-more]");
  const last = more?.previousElementSibling;
  if (!last || key(row) < key(last)) return false;
  if (isByDeadline()) return true; // "Show more" goes on by deadline: whatever is due later comes with it
  return row.dataset.waiting !== "1" || row.dataset.queueAt < $("#queue").dataset.shownAt;
}

/** Put a row where its time says, longest waiting or soonest due first; what is new stands after "Show more", below what is not loaded. */
export function insertSorted(row) {
  const known = rowOf(row.dataset.id);
  if (known) return replaceRow(known, row);
  const more = $("#rows > [data-more]");
  const last = more?.previousElementSibling;
  const rows = last && key(row) > key(last) ? $$("#rows > [data-more] ~ li[data-id]") : allRows();
  const after = rows.find((one) => key(one) > key(row));
  if (after) after.before(row);
  else list().append(row);
  showEmptiness();
  return row;
}

/** Show or hide what an empty list says. */
export function showEmptiness() {
  const empty = $("#rows-empty");
  if (empty) empty.hidden = allRows().length > 0 || Boolean($("#rows > [data-more]"));
}

/** Tell whether keys of the list may act now. */
export function isListening() {
  return !isField(document.activeElement) && !$("dialog[open]");
}
