// The composer: its mode, its live count, its draft, and Send.

import { $, $$, ask, isNarrow, say, swap } from "./page.js";
import { send } from "./acts.js";
import { measure } from "./counters.js";
import { draftFields, ensureKey, keepNow, keepSoon, stopKeeping, wouldLose } from "./drafts.js";
import { close, open, openId, refresh } from "./pane.js";
import { neighbour, rowOf } from "./rows.js";
import { complain, toast } from "./toasts.js";

const form = () => $("#compose");
const area = () => $("#compose textarea");
const mode = () => $("#compose [name=mode]:checked");

/** Show the count and what the mode looks like. */
function draw() {
  const box = form();
  if (!box) return;
  const isNote = mode()?.value === "note";
  const text = area().value;
  box.classList.toggle("as-note", isNote);
  area().placeholder = area().ariaLabel = isNote ? area().dataset.note : area().dataset.to;
  box.classList.toggle("has-words", text.trim() !== "");
  for (const element of $$("#compose .also, #compose [data-send-done]")) element.hidden = isNote;
  $("#compose [data-send]").firstChild.textContent = isNote ? say("keep_note") : say("send");
  drawCount(isNote, text);
}

function drawCount(isNote, text) {
  const place = $("#count");
  const limits = isNote ? null : JSON.parse(mode()?.dataset.limits || "{}");
  if (!limits?.max_length) {
    place.textContent = "";
    place.classList.remove("over");
    return setSendable(text.trim() !== "" && (isNote || !isStopped()));
  }
  const { length, most, over } = measure(text, limits);
  place.textContent = over ? say("over", { n: over }) : say("of", { n: length, max: most });
  place.classList.toggle("over", over > 0);
  return setSendable(over === 0 && text.trim() !== "" && !isStopped());
}

/** Tell whether the channel can't send until somebody mends it. */
function isStopped() {
  return Boolean($("#stopped")?.childElementCount);
}

/** Say it when the channel stops or goes on; what is being written, and where, stays as it is. */
async function followChannel() {
  const id = openId();
  if (!id || !form()) return;
  const html = await ask(`/c/${id}/composer`, { as: "html" });
  const [here, there] = [$("#stopped"), new DOMParser().parseFromString(html, "text/html").getElementById("stopped")];
  if (openId() !== id || !here || !there || here.innerHTML.trim() === there.innerHTML.trim()) return;
  await swap(here, there.innerHTML);
  draw();
}

function setSendable(isSendable) {
  for (const button of $$("#compose .bar button[name=then]")) button.setAttribute("aria-disabled", String(!isSendable));
}

/** Tell whether the focus is in the composer, or nowhere. */
function isHere() {
  return document.activeElement === document.body || Boolean(form()?.contains(document.activeElement));
}

/** Give the composer the focus, in a mode: "reply", "note", or as it is. */
function focusComposer(wanted) {
  if (!form()) return;
  const radios = $$("#compose [name=mode]:not(:disabled)");
  const fits = wanted === "note" ? (radio) => radio.value === "note" : (radio) => radio.value !== "note";
  if (wanted && mode() && !fits(mode())) {
    const radio = radios.find(fits);
    if (radio) radio.checked = true;
  }
  draw();
  area().focus();
  area().setSelectionRange(area().value.length, area().value.length);
}

async function submit(event) {
  event.preventDefault();
  const box = form();
  if (!event.submitter?.hasAttribute("data-plain") && $("#compose [data-send]").getAttribute("aria-disabled") === "true" || box.dataset.busy) return;
  if (event.submitter?.hasAttribute("data-plain")) return actPlainly(event.submitter);
  const isDone = event.submitter?.hasAttribute("data-send-done") ?? false;
  box.dataset.busy = "1";
  try {
    if (mode()?.value === "note") await sendNote(box);
    else await sendReply(box, isDone, event.submitter);
  } catch (error) {
    complain(error);
    if (error.code === "edited_meanwhile") await readAgain();
  } finally {
    delete box.dataset.busy;
  }
}

async function sendNote(box) {
  const fields = new FormData();
  fields.set("text", area().value);
  const acted = await send(box.dataset.noteUrl, fields, { name: "note", id: openId() });
  if (!acted) return;
  area().value = "";
  // Who has gone on meanwhile keeps the focus where they are.
  if (isHere()) focusComposer("note");
}

/** Do what a button of the draft says: keep it, discard it. */
async function actPlainly(button) {
  stopKeeping();
  try {
    await ask(button.formAction, { method: "POST", form: new FormData() });
    await reloadComposer();
  } catch (error) {
    complain(error);
  }
}

async function sendReply(box, isDone, submitter) {
  const id = openId();
  await ensureKey(box);
  stopKeeping();
  const fields = draftFields(box, { submitter, more: { then: isDone ? "done" : "" } });
  const answer = await ask(box.action, { method: "POST", form: fields });
  if (answer?.blocked || answer?.kept_aside || answer?.stopped) return showNotSent(answer);
  area().value = "";
  await reloadComposer();
  if (answer?.waits) return refresh();
  if (!isDone) return refresh();
  await moveOn(id);
  // The reply's own bar is out of sight now: until it leaves it can be taken back from here.
  return toast(answer.said, { undo: answer.state === "held" ? `/deliveries/${answer.delivery_id}/cancel` : null });
}

/** Somebody changed what is being answered: it is shown, and the next Send is meant for how it reads now. */
async function readAgain() {
  await refresh();
  form().elements.seen_wording.value = $("#thread").dataset.wording;
}

/** Another reply is on its way, or another window sent this draft: the text stays here, and the member chooses. */
async function showNotSent(answer) {
  toast(answer.message, { isBad: true });
  await reloadComposer();
  await refresh();
}

async function moveOn(id) {
  const row = rowOf(id);
  const next = row ? neighbour(row) : null;
  if (next) return open(next.dataset.id, { focus: isNarrow() ? "head" : "row" });
  await refresh();
  return isNarrow() ? close() : $("#thread-title")?.focus();
}

/** Ask for the composer again: a reply left, or one came back with its text. */
export async function reloadComposer() {
  const id = openId();
  if (!id || !$("#composer")) return;
  const hadFocus = form()?.contains(document.activeElement);
  const html = await ask(`/c/${id}/composer`, { as: "html" });
  if (openId() !== id) return;
  await swap($("#composer"), html);
  draw();
  if (hadFocus) area()?.focus();
}

/** Listen to the composer of whichever conversation is open. */
export function startComposer() {
  document.addEventListener("relevo:opened", (event) => {
    draw();
    if (event.detail.focus === "composer") focusComposer(event.detail.mode);
  });
  document.addEventListener("relevo:refreshed", (event) => {
    const isLeft = event.detail.had > $("#deliveries").childElementCount;
    if (isLeft && !area()?.value.trim()) reloadComposer().catch(() => {});
  });
  document.addEventListener("input", (event) => {
    if (!event.target.closest("#compose")) return;
    draw();
    if (mode()?.value !== "note") keepSoon(form());
  });
  // On a telephone the composer grows under the finger as it gets the focus, and the click would meet something else.
  document.addEventListener("pointerdown", (event) => {
    const label = event.target.closest?.("#compose .modes label");
    const radio = label && $("input[name=mode]:not(:disabled)", label);
    if (!radio || radio.checked) return;
    radio.checked = true;
    draw();
  });
  document.addEventListener("submit", (event) => { if (event.target === form()) submit(event); });
  document.addEventListener("focusin", (event) => { if (event.target === area()) ensureKey(form()).catch(() => {}); });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey) || !event.target.closest?.("#compose")) return;
    event.preventDefault();
    const isNote = mode()?.value === "note";
    form().requestSubmit($(isNote ? "#compose [data-send]" : "#compose [data-send-done]"));
  });
  document.addEventListener("relevo:banners", () => followChannel().catch(() => {}));
  addEventListener("beforeunload", (event) => { if (wouldLose()) event.preventDefault(); });
  addEventListener("pagehide", keepNow);
  draw();
}
