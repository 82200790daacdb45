// One stream a browser: by a shared worker, else by the tab that holds a lock and tells the others, else by asking.

import { $, config, say } from "./page.js";
import { askToReload, takeIn } from "./arrivals.js";
import { readStream } from "./stream_reader.js";

let isDown = null;

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
  if (isUp) place.hidden = true;
  else isDown = setTimeout(() => { place.hidden = false; }, 4000);
  document.body.dataset.stream = isUp ? "up" : "down";
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
