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
  worker.addEventListener("error", () => byLeader(url));
}

function byLeader(url) {
  const channel = new BroadcastChannel("relevo");
  channel.addEventListener("message", (event) => hear(event.data));
  if (!navigator.locks) return readStream(url, (name, data) => hear({ name, data }));
  return navigator.locks.request("relevo-stream", () => new Promise(() => {
    readStream(url, (name, data) => {
      hear({ name, data });
      channel.postMessage({ name, data });
    });
  }));
}

/** Begin to listen for changes. */
export function startLive() {
  const url = config.stream;
  if (!url) return;
  try {
    if (window.SharedWorker) byWorker(url);
    else byLeader(url);
  } catch {
    byLeader(url);
  }
}
