// The entries of an open thread: earlier ones before, new ones after, and the scroll place kept.

import { $, $$, ask, say } from "./page.js";
import { announce, complain } from "./toasts.js";

const flow = () => $("#flow");
const NEAR = 80;

/** Tell whether the reader is at the newest. */
export function isAtEnd() {
  const place = flow();
  return !place || place.scrollHeight - place.scrollTop - place.clientHeight < NEAR;
}

/** Go to the newest message. */
export function toEnd() {
  const place = flow();
  if (place) place.scrollTop = place.scrollHeight;
  showBelow(0);
}

/** Remember what the reader looks at; the returned function puts it back where it was. */
export function holdPlace() {
  const place = flow();
  const wasAtEnd = isAtEnd();
  const top = place.getBoundingClientRect().top;
  const anchor = $$("#entries > li").find((entry) => entry.getBoundingClientRect().bottom > top);
  const before = anchor?.getBoundingClientRect().top;
  return () => {
    if (wasAtEnd) place.scrollTop = place.scrollHeight;
    else if (anchor?.isConnected) place.scrollTop += anchor.getBoundingClientRect().top - before;
  };
}

/**
 * Note that messages up to this seq are on the screen. Parts of a thread that were joined later lie higher up and have
 * the higher seqs, so what earlier pages bring counts as well. What is being written keeps the seq that it began with.
 */
export function noteSeen(seq) {
  const main = $("#thread");
  main.dataset.seq = String(Math.max(Number(main.dataset.seq), seq));
  const box = $("#compose");
  if (!box || box.classList.contains("has-words")) return;
  box.elements.seen_seq.value = main.dataset.seq;
  box.elements.seen_wording.value = main.dataset.wording;
}

let isLoading = false;

/** Load the part before the oldest entry. */
export async function loadEarlier() {
  const link = $("#earlier");
  if (!link || isLoading) return;
  isLoading = true;
  link.setAttribute("aria-busy", "true");
  const id = $("#thread").dataset.conversation;
  try {
    const part = await ask(link.dataset.part);
    if ($("#thread").dataset.conversation !== id) return;
    const holder = document.createElement("template");
    holder.innerHTML = part.entries;
    const restore = holdPlace();
    for (const entry of $$("li", holder.content)) if (entry.id && $(`#${entry.id}`)) entry.remove();
    noteSeen(Math.max(0, ...$$("li[data-seq]", holder.content).map((entry) => Number(entry.dataset.seq))));
    $("#entries").prepend(holder.content);
    if (part.earlier) link.dataset.part = part.earlier;
    else link.remove();
    if (part.post && !$("#flow > .post")) flow().insertAdjacentHTML("afterbegin", part.post);
    restore();
  } catch (error) {
    complain(error);
  } finally {
    isLoading = false;
    link.removeAttribute("aria-busy");
  }
}

/** Load earlier ones when the reader nears the oldest. */
export function watchEarlier() {
  const place = flow();
  if (!place || place.dataset.watched) return;
  place.dataset.watched = "1";
  place.addEventListener("scroll", () => {
    if (place.scrollTop < 400) loadEarlier();
    if (isAtEnd()) showBelow(0);
  }, { passive: true });
}

/** Bring the entries in line with what the server has now; tells how many are new. */
export function upsert(entries) {
  const wasAtEnd = isAtEnd();
  const added = entries.filter(putOne).length;
  if (added && !wasAtEnd) showBelow(unseen + added);
  return added;
}

function putOne({ id, order, digest, html }) {
  const known = $(`#${id}`);
  if (known?.dataset.digest === digest) return false;
  const holder = document.createElement("template");
  holder.innerHTML = html;
  const fresh = $("li", holder.content);
  if (!fresh) return false;
  if (known) {
    const wasOpen = Boolean($("details.versions[open]", known));
    known.replaceWith(fresh);
    if (wasOpen) $("details.versions", fresh)?.setAttribute("open", "");
    return false;
  }
  const oldest = $("#entries > li")?.dataset.order ?? "";
  if ($("#earlier") && order < oldest) return false;
  const after = $$("#entries > li").reverse().find((one) => one.dataset.order < order);
  if (after) after.after(fresh);
  else $("#entries").prepend(fresh);
  return true;
}

let unseen = 0;

function showBelow(count) {
  unseen = count;
  const button = $("#below");
  if (!button) return;
  button.hidden = count === 0;
  button.textContent = count === 1 ? say("below_one") : say("below_many", { n: count });
  if (count) announce(button.textContent);
}
