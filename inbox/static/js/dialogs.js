// The one dialog of the page: filled from the server, left by Escape, its choices reached by arrows and digits.

import { $, $$, ask, swap } from "./page.js";
import { complain } from "./toasts.js";

const dialog = () => $("#dialog");
let before = null;

/** Open the dialog with what an address gives, or with the content of a template. */
export async function openDialog(url, { template = null, isWide = false } = {}) {
  const place = dialog();
  if (!place.open) before = document.activeElement;
  place.classList.toggle("wide", isWide);
  if (!template) showBones(place);
  if (!place.open) place.showModal();
  try {
    const html = template ? template.innerHTML : await ask(url, { as: "html" });
    if (!place.open) return;
    await swap(place, html);
    place.removeAttribute("aria-busy");
    const first = $("[autofocus]", place) ?? $("[data-choices] button", place) ?? $("input:not([type=hidden]), .dialog-body button", place);
    (first ?? $("button", place))?.focus();
  } catch (error) {
    closeDialog();
    complain(error);
  }
}

/** Show at once that something comes: letters typed meanwhile must not be taken for keys of the list. */
function showBones(place) {
  const bones = document.createElement("div");
  bones.className = "bones";
  bones.tabIndex = -1;
  bones.append(...[1, 2, 3].map(() => document.createElement("i")));
  place.replaceChildren(bones);
  place.setAttribute("aria-busy", "true");
}

/** Close the dialog; the focus goes back to where it was. */
export function closeDialog() {
  const place = dialog();
  if (!place?.open) return;
  place.close();
  leave(place); // at once: until its event a field in it would still take the next key
}

function leave(place) {
  if (place.open) return;
  place.replaceChildren();
  if (document.activeElement === document.body) whereItWas()?.focus({ preventScroll: true });
}

/** Return what had the focus before the dialog, or its row as it is drawn now, or the list's title. */
function whereItWas() {
  if (before?.isConnected) return before;
  const id = before?.closest?.("li[data-id]")?.dataset.id;
  return $(`#row-${id} a.row`) ?? $("#queue-title");
}

function choices() {
  return $$("[data-choices] button", dialog()).filter((button) => button.offsetParent !== null);
}

function step(event) {
  const all = choices();
  if (!all.length) return;
  const here = all.indexOf(document.activeElement);
  const down = event.key === "ArrowDown";
  const next = here < 0 ? (down ? 0 : all.length - 1) : (here + (down ? 1 : -1) + all.length) % all.length;
  all[next].focus();
  event.preventDefault();
}

function narrow(input) {
  const wanted = fold(input.value);
  for (const form of $$("[data-choices] form", dialog())) form.hidden = wanted !== "" && !fold(form.textContent).includes(wanted);
}

const fold = (text) => text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase().trim();

function pressDigit(event) {
  if (!/^[1-9]$/.test(event.key) || event.target.matches("input, textarea")) return;
  const wanted = choices().find((button) => $("kbd", button)?.textContent.trim() === event.key);
  if (wanted) {
    event.preventDefault();
    wanted.click();
  }
}

/** Listen for what opens, narrows and closes the dialog. */
export function startDialogs() {
  const place = dialog();
  if (!place) return;
  document.addEventListener("click", (event) => {
    const opener = event.target.closest("[data-dialog]");
    if (opener && !event.metaKey && !event.ctrlKey) {
      event.preventDefault();
      opener.closest("details[data-menu]")?.removeAttribute("open");
      openDialog(opener.href);
    }
    if (event.target.closest("[data-do=close-dialog]") || event.target === place) closeDialog();
  });
  place.addEventListener("keydown", (event) => {
    if (event.key === "ArrowDown" || event.key === "ArrowUp") step(event);
    if (event.key === "Enter" && event.target.matches("[data-narrow][type=search]")) {
      event.preventDefault();
      choices()[0]?.click();
    }
    pressDigit(event);
  });
  place.addEventListener("input", (event) => { if (event.target.matches("[data-narrow]")) narrow(event.target); });
  place.addEventListener("close", () => leave(place));
  startMenus();
}

function startMenus() {
  document.addEventListener("click", (event) => {
    const left = $$("details[data-menu][open]").filter((menu) => !menu.contains(event.target));
    for (const menu of left) menu.open = false;
    // A filter covers the rows: who presses beside it wants it away, and nothing of what lies below.
    if (left.some((menu) => menu.id === "filter") && event.target.closest("#rows")) {
      event.preventDefault();
      event.stopPropagation();
    }
  }, true);
  document.addEventListener("keydown", (event) => {
    const menu = document.activeElement?.closest?.("details[data-menu][open]");
    if (!menu) return;
    if (event.key === "Escape") {
      menu.open = false;
      $("summary", menu).focus();
      event.stopImmediatePropagation();
    }
    const items = $$(".menu a, .menu button", menu).filter((item) => item.offsetParent !== null);
    if (!items.length || !["ArrowDown", "ArrowUp"].includes(event.key)) return;
    event.preventDefault();
    const here = items.indexOf(document.activeElement);
    items[(here + (event.key === "ArrowDown" ? 1 : -1) + items.length) % items.length].focus();
  }, true);
}
