// What is done to a conversation: posted, shown, with its undo; afterwards the next one opens.

import { $, ask, fieldsOf, isNarrow, say } from "./page.js";
import { refreshCounts } from "./counts.js";
import { closeDialog, openDialog } from "./dialogs.js";
import { close, open, openId, refresh, seenSeq } from "./pane.js";
import { focusRow, focusedRow, insertSorted, makeRow, neighbour, replaceRow, rowOf, takeOut } from "./rows.js";
import { complain, toast } from "./toasts.js";
import { belongs } from "./views.js";

/** Return the conversation that keys and menus mean: the focused row's, else the open one's. */
export function meant() {
  return focusedRow()?.dataset.id ?? openId() ?? null;
}

/** Do something to a conversation by name; `fields` go along. */
export async function act(name, { id = meant(), fields = {}, url = null } = {}) {
  if (!id && !url) return toast(say("no_row"), { isBad: true, seconds: 4 });
  const form = new FormData();
  if (id) form.set("seen_seq", seenSeq(id));
  for (const [field, value] of Object.entries(fields)) form.set(field, value);
  return send(url ?? `/c/${id}/${name}`, form, { name, id });
}

/** Post a form and show what came of it. */
export async function send(url, form, { name, id = null } = {}) {
  if (!form.has("zone")) form.set("zone", Intl.DateTimeFormat().resolvedOptions().timeZone);
  try {
    const acted = await ask(url, { method: "POST", form });
    if (acted?.ask) return openDialog(acted.ask);
    closeDialog();
    if (name?.startsWith("delivery_")) document.dispatchEvent(new CustomEvent("relevo:delivery"));
    if (acted) await show(acted, name);
    return acted;
  } catch (error) {
    closeDialog();
    complain(error);
    if (error.code === "joined_meanwhile" && id && String(id) === openId()) await open(id);
    return null;
  }
}

async function show(acted, name) {
  const words = [acted.said, acted.warning].filter(Boolean).join(" ");
  if (words) toast(words, { undo: acted.undo });
  const id = String(acted.conversation_id ?? "");
  const isOpenOne = id && id === openId();
  const next = settleRow(acted, id);
  refreshCounts();
  if (acted.moves_on && isOpenOne) return moveOn(next);
  if (isOpenOne) await refresh();
  if (name === "unread") unreadNow(id);
  return null;
}

/** Bring the row in line with what was done; returns the row that follows if it left the list. */
function settleRow(acted, id) {
  const row = rowOf(id);
  if (!row || !acted.row) return row ? neighbour(row) : null;
  const fresh = makeRow(acted.row);
  if (belongs(fresh.dataset)) {
    replaceRow(row, fresh, { isOpen: id === openId() });
    return null;
  }
  return takeOut(row);
}

function unreadNow(id) {
  rowOf(id)?.classList.add("unread");
  if (id === openId()) close();
}

/** After done, the next conversation opens; where there is none, the list has the focus. */
async function moveOn(next) {
  const hadList = Boolean(document.activeElement?.closest?.("#rows"));
  if (next?.isConnected) return open(next.dataset.id, { focus: hadList || !isNarrow() ? "row" : "head" });
  return close();
}

/** Like the newest message of a conversation and say that no answer is needed. */
export const likeAndExcuse = () => act("like");

/** Listen for forms that act. */
export function startActs() {
  document.addEventListener("submit", (event) => {
    const form = event.target.closest("form[data-act]");
    if (!form || event.defaultPrevented) return;
    event.preventDefault();
    form.closest("details[data-menu]")?.removeAttribute("open");
    const id = form.closest("[data-conversation]")?.dataset.conversation ?? null;
    const fields = fieldsOf(form, { submitter: event.submitter });
    if (fields.has("seen_seq") && id && String(id) === openId()) fields.set("seen_seq", seenSeq(id));
    send(form.action, fields, { name: form.dataset.act, id });
  });
  document.addEventListener("relevo:acted", (event) => restore(event.detail.acted));
}

/** What was undone is in the list again. Where somebody is open the focus stays: keys act on whom one sees. */
async function restore(acted) {
  const id = String(acted.conversation_id ?? "");
  if (acted.row) {
    const fresh = makeRow(acted.row);
    if (belongs(fresh.dataset)) insertSorted(fresh);
  }
  refreshCounts();
  if (id && id === openId()) return refresh();
  if (!openId() && rowOf(id)) focusRow(rowOf(id));
  return null;
}
