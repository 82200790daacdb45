// Drafts: kept on the server while one writes, under the key that lets one reply through.

import { $, ask, fieldsOf, say } from "./page.js";

// Requests overtake one another: the server drops a keeping that a later one of this page, or its Send, overtook.
const pageName = [...crypto.getRandomValues(new Uint32Array(4))].map((part) => part.toString(36)).join("");
let number = 0;

let timer = null;
let running = null;
let dirty = null;
let isLost = false;

/** Return the fields by which a draft is kept or sent, numbered in the order in which they were written. */
export function draftFields(box, { submitter = null, more = {} } = {}) {
  number += 1;
  return fieldsOf(box, { submitter, more: { ...more, kept_page: pageName, kept_number: String(number) } });
}

/** Make sure that the composer has its key: the draft is opened at the first word, once. */
export async function ensureKey(box) {
  if (!box || box.elements.reply_key.value) return;
  box.opening ??= ask(box.dataset.openUrl, { method: "POST" });
  try {
    const draft = await box.opening;
    box.elements.reply_key.value = draft.reply_key;
    box.dataset.draftUrl = draft.url;
  } finally {
    delete box.opening;
  }
}

/** Keep the draft a moment after the last letter. */
export function keepSoon(box) {
  dirty = box;
  clearTimeout(timer);
  timer = setTimeout(() => keep(box), 700);
}

/** Do not keep what is about to be sent. */
export function stopKeeping() {
  clearTimeout(timer);
  running?.abort();
  running = null;
  dirty = null;
  isLost = false;
}

/** Tell whether leaving the page now would lose words. */
export const wouldLose = () => isLost && dirty !== null;

/** Keep at once what was written last: the page goes away. */
export function keepNow() {
  const box = dirty;
  if (!box?.dataset.draftUrl) return;
  dirty = null;
  clearTimeout(timer);
  ask(box.dataset.draftUrl, { method: "PUT", form: draftFields(box), keepalive: true }).catch(() => {});
}

async function keep(box) {
  const place = $("#draft-kept", box);
  try {
    await ensureKey(box);
    running = new AbortController();
    await ask(box.dataset.draftUrl, { method: "PUT", form: draftFields(box), signal: running.signal });
    if (dirty === box) dirty = null;
    isLost = false;
    if (place) place.textContent = say("kept");
  } catch (error) {
    if (error.name === "AbortError") return;
    isLost = error.status === 0 || error.status === 503;
    if (place) place.textContent = isLost ? say("not_kept") : error.message;
    if (isLost) timer = setTimeout(() => keep(box), 5000);
    else if (dirty === box) dirty = null;
  } finally {
    running = null;
  }
}
