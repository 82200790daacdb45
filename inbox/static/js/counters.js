// How long a text is as each platform counts it: the same arithmetic as inbox/replies/lengths.py.

const segmenter = new Intl.Segmenter(undefined, { granularity: "grapheme" });
const encoder = new TextEncoder();
const ADDRESS = /https?:\/\/[^\s<>"]+/gi;
const REMOTE_HANDLE = /(?<![\w/])@([\w.-]+)@[\w.-]+\w/g;

const COUNTS = {
  graphemes: (text) => [...segmenter.segment(text)].length,
  characters: (text) => [...text].length,
  bytes: (text) => encoder.encode(text).length,
  utf16: (text) => text.length,
};

/** Count a text in graphemes, characters, bytes, utf16 units, or as Mastodon does. */
export function count(text, how = "graphemes", urlLength = null) {
  let counted = text.replaceAll("\r\n", "\n");
  let length = urlLength;
  if (how === "mastodon") {
    counted = counted.replace(REMOTE_HANDLE, "@$1");
    length ??= 23;
  }
  if (length !== null && length !== undefined) counted = counted.replace(ADDRESS, "x".repeat(length));
  return (COUNTS[how] ?? COUNTS.graphemes)(counted);
}

/** Measure a text against one mode's limits; `over` is by how much it is too long, 0 where it fits. */
export function measure(text, limits) {
  const whole = (limits.prefix ?? "") + text;
  const length = count(whole, limits.count, limits.url_length);
  const most = limits.max_length ?? Infinity;
  const overBytes = limits.max_bytes ? count(whole, "bytes") - limits.max_bytes : 0;
  return { length, most, over: Math.max(0, length - most, overBytes > 0 && length <= most ? overBytes : 0) };
}
