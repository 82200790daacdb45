// Single keys, as the help (?) lists them. They act only where nobody is typing.

import { $, $$, config, isField, isNarrow } from "./page.js";
import { act, likeAndExcuse, meant } from "./acts.js";
import { showNews } from "./arrivals.js";
import { closeDialog, openDialog } from "./dialogs.js";
import { openFilter } from "./filter.js";
import { close, open, openId } from "./pane.js";
import { focusedRow, focusRow, move, openRow, rowOf } from "./rows.js";
import { complain, toast, undoNewest } from "./toasts.js";
import { say } from "./page.js";

function ask(name) {
  const id = meant();
  if (!id) return toast(say("no_row"), { isBad: true, seconds: 4 });
  return openDialog(`/c/${id}/${name}`);
}

/** Return the status of the conversation that is meant. */
function status() {
  return rowOf(meant())?.dataset.status ?? "open";
}

async function write(mode) {
  const id = meant();
  if (!id) return toast(say("no_row"), { isBad: true, seconds: 4 });
  if (id !== openId()) return open(id, { focus: "composer", mode });
  return document.dispatchEvent(new CustomEvent("relevo:opened", { detail: { focus: "composer", mode } }));
}

function waitAfterAll() {
  const id = meant();
  if (!id) return null;
  return act("wait", { id });
}

function enter(event) {
  const row = focusedRow();
  if (!row) return false;
  event.preventDefault();
  open(row.dataset.id, { focus: "row" });
  return true;
}

const KEYS = {
  j: () => move(1),
  k: () => move(-1),
  r: () => write("reply"),
  n: () => write("note"),
  a: () => ask("assign"),
  m: () => act("assign", { fields: { assignee_id: config.member } }),
  p: () => ask("priority"),
  l: () => ask("label"),
  s: () => (status() === "snoozed" ? act("wake") : ask("snooze")),
  e: () => act(status() === "done" ? "reopen" : "finish"),
  E: () => act("excuse"),
  "!": () => act(status() === "spam" ? "not-spam" : "spam"),
  U: () => act("unread"),
  f: () => likeAndExcuse(),
  w: () => waitAfterAll(),
  u: () => undoNewest(),
  ".": () => showNews(),
  i: () => openFilter(),
  "?": () => openDialog("", { template: $("#keys-help"), isWide: true }),
};
const GO = { q: "/queue", c: "/channels" };

let isGoing = false;

function escape() {
  if ($("dialog[open]")) return;
  const open = $$("details[data-menu][open]");
  if (open.length) return open.forEach((menu) => { menu.open = false; });
  if (isField(document.activeElement) || document.activeElement?.closest?.("#compose")) {
    document.activeElement.blur();
    if (isNarrow()) return;
    return openRow() ? focusRow(openRow()) : $("#thread-title")?.focus();
  }
  if ($("#pane.shows-side")) return $("#pane").classList.remove("shows-side");
  if (openId()) close();
}

function press(event) {
  if (event.defaultPrevented || event.isComposing) return;
  if (event.key === "Escape") return escape();
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (isField(event.target) || $("dialog[open]")) return;
  if (event.key === "Enter" && enter(event)) return;
  if (!document.body.classList.contains("keys-on")) return;
  if (isGoing) {
    isGoing = false;
    if (GO[event.key]) location.assign(GO[event.key]);
    return;
  }
  if (event.key === "g") {
    isGoing = true;
    setTimeout(() => { isGoing = false; }, 1500);
    return;
  }
  const key = event.shiftKey && event.key.length === 1 ? event.key : event.key.length === 1 ? event.key.toLowerCase() : event.key;
  const does = KEYS[key];
  if (!does) return;
  event.preventDefault();
  Promise.resolve(does()).catch(complain);
}

const DO = {
  help: () => KEYS["?"](),
  back: () => close(),
  side: () => {
    const isShown = $("#pane").classList.toggle("shows-side");
    for (const button of $$("[data-do=side][aria-expanded]")) button.setAttribute("aria-expanded", String(isShown));
    $(isShown ? "#side [data-do=side]" : "#thread-head [data-do=side]")?.focus();
  },
  "copy-link": () => copy(`${location.origin}/c/${openId()}`),
  "copy-message": (button) => copy(button.dataset.link),
  "copy-shown": (button) => copyShown(document.getElementById(button.dataset.shown)),
  "close-dialog": () => closeDialog(),
};

async function copy(text) {
  await navigator.clipboard.writeText(text);
  toast(say("copied"), { seconds: 3 });
}

/** Copy what an element shows. Without the clipboard (it needs HTTPS or this machine) it is selected and copied the old way. */
async function copyShown(element) {
  const text = element.textContent.trim();
  try {
    await copy(text);
  } catch {
    getSelection().selectAllChildren(element);
    const isCopied = document.execCommand("copy");
    toast(say(isCopied ? "copied" : "copy_selected"), { seconds: isCopied ? 3 : 8 });
  }
}

/** Listen to keys and to buttons that only scripts serve. */
export function startKeys() {
  document.addEventListener("keydown", press);
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-do]");
    const does = DO[button?.dataset.do];
    if (!does) return;
    event.preventDefault();
    button.closest("details[data-menu]")?.removeAttribute("open");
    Promise.resolve(does(button)).catch(complain);
  });
}
