// One stream a browser: by a shared worker, else by the tab that holds a lock and tells the others, else by asking.

import { $, ask, config, say } from "./page.js";
import { askToReload, takeIn } from "./arrivals.js";
import { readStream } from "./stream_reader.js";

let isDown = null;
let polling = null;
let newest = config.newest ?? 0;
let hasCaughtUp = false;
const POLL_MILLISECONDS = 5000;

function hear({ name, data }) {
  if (name === "changes") takeIn(data);
  if (name === "reload") askToReload();
  if (name === "closed") askToReload(say("signed_out"));
  if (name === "up" || name === "down") showState(name === "up");
}

/** Say that the stream is away, once it has been for some seconds. */
function showState(isUp) {
  clearTimeout(isDown);
  const place = $("#stream-state");
  if (!place) return;
  if (isUp) {
    place.hidden = true;
    clearInterval(polling);
    polling = null;
    catchUp();
  } else {
    isDown = setTimeout(() => {
      place.hidden = false;
      beginPolling();
    }, 4000);
  }
  document.body.dataset.stream = isUp ? "up" : "down";
}

/** Ask once for what was written between this page's making and the stream's first word. */
function catchUp() {
  if (hasCaughtUp) return;
  hasCaughtUp = true;
  if (newest) poll();
}

/** Without a stream, ask: what changed is then some seconds late. */
function beginPolling() {
  if (polling) return;
  if (hasCaughtUp) newest = 0;
  poll();
  polling = setInterval(() => { if (!document.hidden) poll(); }, POLL_MILLISECONDS);
}

async function poll() {
  try {
    const told = await ask(`/live/poll?after=${newest}`);
    newest = told.after;
    if (told.reload) askToReload();
    if (told.changes) takeIn(told.changes);
  } catch {
    // the next question tries again
  }
}

function byWorker(url) {
  const worker = new SharedWorker(`${config.static}js/live_worker.js`, { type: "module", name: "relevo" });
  worker.port.addEventListener("message", (event) => hear(event.data));
  worker.port.start();
  worker.port.postMessage({ url });
  addEventListener("pagehide", () => worker.port.postMessage({ leave: true }));
  addEventListener("pageshow", (event) => { if (event.persisted) worker.port.postMessage({ url }); });
  worker.addEventListener("error", () => shareAmongTabs(url));
}

/** Without a worker: one tab reads for all, where tabs can agree on one (locks need https), else each asks. */
function shareAmongTabs(url) {
  if (window.BroadcastChannel && navigator.locks) byLeader(url);
  else beginPolling();
}

/** Let one tab read for all: the one that holds the lock. It tells who comes later how things stand. */
function byLeader(url) {
  const tabs = new BroadcastChannel("relevo");
  let state = null; // of the stream that this tab reads for all; null: another tab reads
  let lastId = "";
  tabs.addEventListener("message", ({ data: told }) => {
    if (told.url !== url) return; // tabs in another language have a stream of their own
    if (told.name === "joined") {
      if (state) tabs.postMessage({ url, name: state, data: null, lastId });
      return;
    }
    lastId = told.lastId;
    hear(told);
  });
  tabs.postMessage({ url, name: "joined" });
  return navigator.locks.request(`relevo ${url}`, () => new Promise(() => {
    state = "down";
    readStream(url, (name, data, id) => {
      if (name !== "changes") state = name === "up" ? "up" : "down";
      lastId = id;
      hear({ name, data });
      tabs.postMessage({ url, name, data, lastId });
    }, lastId);
  }));
}

/** Begin to listen for changes. */
export function startLive() {
  const url = config.stream;
  if (!url) return;
  try {
    if (window.SharedWorker) byWorker(url);
    else shareAmongTabs(url);
  } catch {
    shareAmongTabs(url);
  }
}
