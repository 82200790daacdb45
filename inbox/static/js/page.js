// What every module needs of the page: its settings, our words, requests that carry what the server asks for.

const meta = (name) => document.querySelector(`meta[name="${name}"]`)?.content ?? "";

export const config = JSON.parse(meta("relevo") || "{}");
export const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
export const $ = (selector, root = document) => root?.querySelector(selector) ?? null;
export const $$ = (selector, root = document) => [...root.querySelectorAll(selector)];

/** Return one of our sentences; `values` fill its %(name)s. */
export function say(key, values = {}) {
  return (config.words?.[key] ?? key).replace(/%\((\w+)\)s/g, (_, name) => values[name] ?? "");
}

/** A refusal of the server: its code, its sentence in the member's language, its HTTP status. */
export class Refusal extends Error {
  constructor(status, code, message) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

const MOST_TRIES = 4;

/** Fetch, and again when the server was too busy to begin (503): it has done nothing, and says when to come back. */
async function fetchPatiently(url, options) {
  for (let tries = 1; ; tries += 1) {
    const response = await fetch(url, options);
    const seconds = Number(response.headers.get("Retry-After") ?? NaN);
    if (response.status !== 503 || Number.isNaN(seconds) || tries === MOST_TRIES) return response;
    await new Promise((resolve) => { setTimeout(resolve, seconds * 1000 * (0.5 + Math.random())); });
  }
}

/** What a lost connection leaves: what was asked for may have been done, if it ever left. */
function lostWords(method, wasOnline) {
  if (method === "GET") return "not_loaded";
  return wasOnline ? "lost" : "offline";
}

/**
 * Make a request; `as` is "json" or "html". Throws Refusal, also when there is no connection (status 0); a server
 * that is busy is asked again for some seconds, whatever the request.
 */
export async function ask(url, { method = "GET", form = null, as = "json", signal, keepalive = false } = {}) {
  const headers = { Accept: as === "json" ? "application/json" : "text/html", "X-Time-Zone": zone };
  if (as === "html") headers["HX-Request"] = "true";
  if (method !== "GET") headers["X-CSRFToken"] = meta("csrf-token");
  const wasOnline = navigator.onLine;
  let response;
  try {
    response = await fetchPatiently(url, { method, headers, body: form, signal, keepalive, credentials: "same-origin" });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Refusal(0, "offline", say(lostWords(method, wasOnline)));
  }
  const away = response.headers.get("HX-Redirect");
  if (away) {
    location.assign(away);
    return new Promise(() => {});
  }
  if (response.redirected && new URL(response.url).pathname === "/sign-in") {
    location.assign(response.url);
    return new Promise(() => {});
  }
  if (!response.ok) throw await refusalOf(response);
  if (response.status === 204) return null;
  return as === "json" ? response.json() : response.text();
}

async function refusalOf(response) {
  const isJson = response.headers.get("Content-Type")?.startsWith("application/json");
  const body = isJson ? await response.json() : {};
  return new Refusal(response.status, body.code ?? "", body.message ?? say("failed"));
}

/** Return a form's fields, with the button that was pressed and with `more`. */
export function fieldsOf(form, { submitter = null, more = {} } = {}) {
  const fields = new FormData(form, submitter?.form === form && submitter.name ? submitter : null);
  for (const [name, value] of Object.entries(more)) fields.set(name, value);
  return fields;
}

/** Put HTML in place of what an element holds; `how` is an htmx swap style. */
export async function swap(target, html, how = "innerHTML") {
  await window.htmx.swap({ target, text: html, swap: how, sourceElement: target });
}

/** Tell whether letters typed there are text. */
export function isField(element) {
  return Boolean(element?.closest?.("input:not([type=radio]):not([type=checkbox]), textarea, select, [contenteditable]"));
}

export const isNarrow = () => matchMedia("(max-width: 899px)").matches;
