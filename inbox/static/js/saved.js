// Saved replies in the composer: "/" at the beginning of a line, or the button; chosen with the arrows and Enter.

import { $, $$, ask, say } from "./page.js";
import { complain } from "./toasts.js";

const box = () => $("#saved");
const area = () => $("#compose textarea");
const search = () => $("#saved input");
const list = () => $("#saved-rows");

let rows = [];
let at = 0; // which row is chosen
let slash = false; // opened by a "/" that was not written yet
let asking = null;

function openBox(isSlash) {
  if (!box() || $("#compose [name=mode]:checked")?.value === "note") return false;
  slash = isSlash;
  box().hidden = false;
  search().value = "";
  search().focus();
  find();
  return true;
}

/** Close it; `keepSlash`: what was typed to open it becomes text after all. */
function closeBox({ keepSlash = false } = {}) {
  if (!box() || box().hidden) return;
  box().hidden = true;
  asking?.abort();
  area().focus();
  if (keepSlash && slash) write(`/${search().value}`);
  slash = false;
}

/** Put text where the cursor is, so that Ctrl+Z takes it out again. */
function write(text) {
  area().focus();
  if (!document.execCommand("insertText", false, text)) {
    area().setRangeText(text, area().selectionStart, area().selectionEnd, "end");
    area().dispatchEvent(new Event("input", { bubbles: true }));
  }
}

async function find() {
  asking?.abort();
  // What was found for other words, or for another person, is nobody's choice any more.
  rows = [];
  at = 0;
  list().replaceChildren();
  asking = new AbortController();
  const { signal } = asking;
  const url = `${$("#compose").dataset.savedUrl}?q=${encodeURIComponent(search().value)}`;
  try {
    const found = await ask(url, { signal });
    if (signal.aborted) return;
    ({ rows } = found);
    at = 0;
    draw();
  } catch (error) {
    if (error.name !== "AbortError") complain(error);
  }
}

function draw() {
  list().replaceChildren(...rows.map(drawRow));
  $("#saved [role=status]").textContent = rows.length ? "" : say(search().value ? "saved_none" : "saved_empty");
  mark();
}

function drawRow(row, place) {
  const item = document.createElement("li");
  item.id = `saved-${place}`;
  item.role = "option";
  item.dataset.place = String(place);
  const name = document.createElement("b");
  name.textContent = row.name;
  const facts = document.createElement("span");
  facts.className = "muted";
  facts.textContent = [row.folder, row.language].filter(Boolean).join(" · ");
  const text = document.createElement("span");
  text.className = "text muted";
  text.dir = "auto";
  text.textContent = row.text;
  item.append(name, " ", facts, text);
  return item;
}

function mark() {
  for (const [place, item] of $$("li", list()).entries()) item.ariaSelected = String(place === at);
  const chosen = $(`#saved-${at}`);
  if (chosen) search().setAttribute("aria-activedescendant", chosen.id);
  else search().removeAttribute("aria-activedescendant");
  chosen?.scrollIntoView({ block: "nearest" });
}

function choose(place) {
  const row = rows[place];
  if (!row) return;
  closeBox();
  write(row.text);
  ask(`/saved-replies/${row.id}/used`, { method: "POST" }).catch(() => {}); // it is in the answer whether counted or not
}

function move(by) {
  if (!rows.length) return;
  at = (at + by + rows.length) % rows.length;
  mark();
}

function onKey(event) {
  const does = {
    Escape: () => closeBox({ keepSlash: true }),
    Enter: () => choose(at),
    ArrowDown: () => move(1),
    ArrowUp: () => move(-1),
    Tab: () => closeBox(),
  }[event.key];
  if (!does || event.isComposing) return;
  event.preventDefault();
  event.stopPropagation();
  does();
}

/** Tell whether the cursor is at the beginning of a line. */
function isAtStart(field) {
  const place = field.selectionStart;
  return place === field.selectionEnd && (place === 0 || field.value[place - 1] === "\n");
}

export function startSaved() {
  document.addEventListener("keydown", (event) => {
    if (box() && event.target === search()) return onKey(event);
    if (event.key !== "/" || event.target !== area() || event.isComposing || !isAtStart(event.target)) return;
    if (openBox(true)) event.preventDefault();
  }, true);
  document.addEventListener("input", (event) => { if (event.target === search()) find(); });
  document.addEventListener("click", (event) => {
    if (event.target.closest?.("[data-saved]")) return box().hidden ? openBox(false) : closeBox();
    const item = event.target.closest?.("#saved-rows li");
    if (item) return choose(Number(item.dataset.place));
    if (box() && !box().hidden && !event.target.closest?.("#saved")) closeBox();
  });
}
