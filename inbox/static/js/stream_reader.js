// Reads the event stream and starts it again when it ends; used by the shared worker and by a leading tab.

const LONGEST_WAIT = 30_000;

/**
 * Read `url` for as long as it is wanted, from the event after `since`; `tell(name, data, lastId)` gets each event.
 * Returns a function that stops. After "closed" it has stopped by itself.
 */
export function readStream(url, tell, since = "") {
  let source = null;
  let timer = null;
  let wait = 1000;
  let lastId = since;
  let isOver = false;

  function begin() {
    if (isOver) return;
    const address = lastId ? `${url}&after=${encodeURIComponent(lastId)}` : url;
    source = new EventSource(address, { withCredentials: true });
    source.addEventListener("hello", () => {
      wait = 1000;
      tell("up", null, lastId);
    });
    for (const name of ["changes", "reload", "closed"]) {
      source.addEventListener(name, (event) => {
        if (event.lastEventId) lastId = event.lastEventId;
        tell(name, JSON.parse(event.data || "{}"), lastId);
        if (name === "closed") stop();
      });
    }
    source.addEventListener("bye", () => again(100));
    source.addEventListener("error", () => {
      tell("down", null, lastId);
      again(wait);
      wait = Math.min(wait * 2, LONGEST_WAIT);
    });
  }

  function again(after) {
    source?.close();
    clearTimeout(timer);
    timer = setTimeout(begin, after + Math.random() * 500);
  }

  function stop() {
    isOver = true;
    source?.close();
    clearTimeout(timer);
  }

  begin();
  return stop;
}
