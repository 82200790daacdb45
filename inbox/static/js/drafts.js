// Drafts: kept on the server while one writes, under the key that lets one reply through.

import { $, ask, fieldsOf, say } from "./page.js";

let timer = null;
let running = null;
let isDirty = false;

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
  isDirty = true;
  clearTimeout(timer);
  timer = setTimeout(() => keep(box), 700);
}

/** Do not keep what is about to be sent. */
export function stopKeeping() {
  clearTimeout(timer);
  running?.abort();
  running = null;
  isDirty = false;
}

/** Tell whether everything written has reached the server. */
export const keepingDone = () => !isDirty;

async function keep(box) {
  if (!box?.isConnected) return;
  const place = $("#draft-kept");
  try {
    await ensureKey(box);
    running = new AbortController();
    await ask(box.dataset.draftUrl, { method: "PUT", form: fieldsOf(box), signal: running.signal });
    isDirty = false;
    if (place) place.textContent = say("kept");
  } catch (error) {
    if (error.name === "AbortError") return;
    if (place) place.textContent = error.status === 0 ? say("not_kept") : error.message;
    if (error.status === 0) timer = setTimeout(() => keep(box), 5000);
    else isDirty = false;
  } finally {
    running = null;
  }
}
