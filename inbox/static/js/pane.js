// The open conversation: opened beside the list, kept fresh, closed again; the address follows.

import { $, ask, isNarrow, say, swap } from "./page.js";
import { setTitle } from "./counts.js";
import { keepNow } from "./drafts.js";
import { holdPlace, loadEarlier, noteSeen, toEnd, upsert, watchEarlier } from "./entries.js";
import { focusRow, listAddress, markOpen, openRow, rowOf } from "./rows.js";
import { announce, complain } from "./toasts.js";

const thread = () => $("#thread");
export const openId = () => thread()?.dataset.conversation ?? null;

let asking = null;

/** Open a conversation in its pane. `focus`: "head", "composer", "row" or "none"; `mode` of the composer. */
export async function open(id, { push = true, focus = "head", mode = null, search = "", hash = "" } = {}) {
  keepNow();
  asking?.abort();
  asking = new AbortController();
  const pane = $("#pane");
  if (!pane) return location.assign(`/c/${id}${search}${hash}`);
  pane.setAttribute("aria-busy", "true");
  const address = `/c/${id}?${[listAddress(), search.replace(/^\?/, "")].filter(Boolean).join("&")}`;
  try {
    const html = await ask(address, { as: "html", signal: asking.signal });
    // What has the focus in the pane is about to go: the row keeps it meanwhile.
    if (pane.contains(document.activeElement)) focusRow(rowOf(id));
    await swap(pane, html);
    pane.classList.remove("shows-side");
    $("#app").classList.add("has-thread");
    if (push) history.pushState({ conversation: String(id) }, "", address + hash);
    settle({ focus, mode, hash });
  } catch (error) {
    complain(error);
  } finally {
    pane.removeAttribute("aria-busy");
  }
  return null;
}

/** Make a pane ready that has just been put in: scroll, marks, focus. */
export function settle({ focus = "none", mode = null, hash = location.hash } = {}) {
  const main = thread();
  if (!main) return;
  watchEarlier();
  const target = hash?.length > 1 ? document.getElementById(hash.slice(1)) : null;
  if (target) {
    target.classList.add("just");
    target.scrollIntoView({ block: "center" });
  } else toEnd();
  markOpen(main.dataset.conversation);
  setTitle(main.dataset.title);
  document.dispatchEvent(new CustomEvent("relevo:opened", { detail: { mode, focus } }));
  if (focus === "head" || (focus === "row" && isNarrow())) $("#thread-title")?.focus({ preventScroll: true });
  if (focus === "row" && !isNarrow()) focusRow(rowOf(main.dataset.conversation));
  if (focus !== "none") announce(say("opened", { name: main.dataset.name }));
  noteRead();
}

/** Keep how far one has read, once the reader has had a moment. */
export function noteRead() {
  const main = thread();
  if (!main || document.hidden) return;
  const { conversation, seq } = main.dataset;
  setTimeout(() => {
    if (openId() !== conversation || document.hidden) return;
    const form = new FormData();
    form.set("seen_seq", seq);
    ask(`/c/${conversation}/read`, { method: "POST", form, keepalive: true }).catch(() => {});
  }, 700);
}

/** Leave the conversation: back to the list alone. */
export function close({ push = true } = {}) {
  const row = openRow();
  keepNow();
  if (push && openId()) history.pushState({}, "", `/queue?${listAddress()}`);
  $("#app")?.classList.remove("has-thread");
  $("#pane")?.replaceChildren($("#nothing-open")?.content.cloneNode(true) ?? "");
  $("a.row", row)?.removeAttribute("aria-current");
  setTitle($("#queue-title")?.textContent ?? "");
  if (row) focusRow(row);
  else $("#queue-title")?.focus();
}

let isRefreshing = false;
let isStale = false;

/** Bring the open conversation in line with what the server has now. */
export async function refresh() {
  const id = openId();
  if (!id) return;
  if (isRefreshing) {
    isStale = true;
    return;
  }
  isRefreshing = true;
  try {
    const now = await ask(`/c/${id}/changes`);
    if (openId() === id) await show(now);
  } catch (error) {
    if (error.status === 404) location.assign("/queue");
  } finally {
    isRefreshing = false;
  }
  if (isStale) {
    isStale = false;
    await refresh();
  }
}

async function show(now) {
  const restore = holdPlace();
  await swap($("#thread-head"), now.head, "innerMorph");
  await swap($("#side"), now.side, "innerMorph");
  const had = $("#deliveries").childElementCount;
  await swap($("#deliveries"), now.deliveries, "innerMorph");
  const grew = upsert(now.entries);
  restore();
  $("#thread").dataset.wording = String(now.wording);
  noteSeen(now.seq);
  document.dispatchEvent(new CustomEvent("relevo:refreshed", { detail: { had } }));
  if (grew) noteRead();
}

/** Return the hidden fields that an act on the open conversation carries. */
export const seenSeq = (id) => (String(id) === openId() ? thread().dataset.seq : rowOf(id)?.dataset.seq ?? "0");

/** Listen for clicks on rows and links to conversations, and for the browser's back button. */
export function startPane() {
  document.addEventListener("click", (event) => {
    if (event.defaultPrevented || event.button || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    const link = event.target.closest("a.row, a[data-open]");
    if (link && $("#pane")) {
      event.preventDefault();
      const id = link.dataset.open ?? link.closest("li").dataset.id;
      open(id, { focus: isNarrow() || !link.matches(".row") ? "head" : "none" });
    }
    if (event.target.closest("#earlier")) {
      event.preventDefault();
      loadEarlier();
    }
    if (event.target.closest("#below")) toEnd();
  });
  addEventListener("popstate", () => {
    const found = location.pathname.match(/^\/c\/(\d+)$/);
    if (!$("#pane")) return location.reload();
    if (found) return open(found[1], { push: false, search: new URLSearchParams(location.search).has("message") ? location.search : "", hash: location.hash });
    if (new URLSearchParams(location.search).toString() !== listAddress()) return location.reload();
    return close({ push: false });
  });
  document.addEventListener("visibilitychange", () => { if (!document.hidden) noteRead(); });
  settle();
}

