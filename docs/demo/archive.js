// The labels and the card of a classifier: a ZIP archive behind the LiteRT file, whose entries are not compressed.

const END = 0x06054b50;
const ENTRY = 0x02014b50;

/** The entries of the archive as text, by name; none where there is no archive. */
export function readArchive(buffer) {
  const view = new DataView(buffer);
  const texts = {};
  let end = buffer.byteLength - 22;
  while (end >= 0 && view.getUint32(end, true) !== END) end--;
  if (end < 0) return texts;
  let at = view.getUint32(end + 16, true);
  for (let left = view.getUint16(end + 10, true); left > 0 && view.getUint32(at, true) === ENTRY; left--) {
    const [nameLength, extraLength, commentLength] = [28, 30, 32].map((place) => view.getUint16(at + place, true));
    const size = view.getUint32(at + 24, true);
    const local = view.getUint32(at + 42, true);
    const begin = local + 30 + view.getUint16(local + 26, true) + view.getUint16(local + 28, true);
    const name = new TextDecoder().decode(new Uint8Array(buffer, at + 46, nameLength));
    texts[name] = new TextDecoder().decode(new Uint8Array(buffer, begin, size));
    at += 46 + nameLength + extraLength + commentLength;
  }
  return texts;
}
