// What was done, for some seconds, with its undo; and the same said to who listens instead of looks.

import { $, $$, ask, config, say } from "./page.js";

const box = () => $("#toasts");
let newest = null;

/** Say something to screen readers only. */
export function announce(text) {
  const place = $("#announcer");
  if (!place) return;
  place.textContent = "";
  setTimeout(() => { place.textContent = text; }, 30);
}

/** Show a sentence; `undo` is the address that takes it back. */
export function toast(text, { undo = null, isBad = false, seconds = config.undoSeconds ?? 8, button = null } = {}) {
  const element = document.createElement("div");
  element.className = isBad ? "toast is-bad" : "toast";
  const words = document.createElement("span");
  words.textContent = text;
  element.append(words);
  if (undo) element.append(buttonOf(say("undo"), "U", () => takeBack(element)));
  if (button) element.append(buttonOf(button.text, "", button.press));
  element.dataset.undo = undo ?? "";
  for (const old of isBad ? [] : $$(".toast:not(.is-bad)", box())) old.remove();
  box().append(element);
  while (box().children.length > 3) box().firstElementChild.remove();
  if (undo) newest = element;
  setTimeout(() => element.remove(), seconds * 1000);
  announce(text);
  return element;
}

function buttonOf(text, key, press) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "tiny";
  button.textContent = text;
  if (key) {
    const hint = document.createElement("kbd");
    hint.textContent = key;
    button.append(" ", hint);
  }
  button.addEventListener("click", press);
  return button;
}

/** Show a refusal. */
export function complain(error) {
  if (error?.name === "AbortError") return;
  toast(error?.message || say("failed"), { isBad: true, seconds: 8 });
}

async function takeBack(element) {
  const url = element?.dataset.undo;
  if (!url) return;
  element.remove();
  newest = null;
  try {
    const acted = await ask(url, { method: "POST" });
    document.dispatchEvent(new CustomEvent("relevo:acted", { detail: { acted, name: "undo" } }));
    toast(acted.said);
  } catch (error) {
    complain(error);
  }
}

/** Undo what was done last, while its sentence still shows. */
export function undoNewest() {
  if (newest?.isConnected) return takeBack(newest);
  const form = $("#toasts form[data-act=undo]");
  if (form) return form.requestSubmit();
  toast(say("nothing_to_undo"), { isBad: true, seconds: 4 });
  return null;
}

/** Let what the server said on this page go after its time. */
export function startToasts() {
  for (const element of box()?.children ?? []) {
    setTimeout(() => element.remove(), Number(element.dataset.seconds || 8) * 1000);
  }
}
