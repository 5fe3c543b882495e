// What is shown: places in [-1, 1], labels, and what is found near a place.

const data = JSON.parse(document.getElementById("data").textContent);
const bytes = Uint8Array.from(atob(data.places), (letter) => letter.charCodeAt(0));
const places = new Float32Array(bytes.buffer);
const count = data.titles.length;
/** Labels with colours of their own; the rarest share one. */
const COLOURED = 24;
/** Which labels are shown, and what is selected or found. */
const shownLabels = new Set(data.labels.keys());
let selected = new Set();
let found = null;

function byId(id) {
  return document.getElementById(id);
}

function isShown(point) {
  return shownLabels.has(data.label_of[point]) && (found === null || found.has(point));
}

function labelInWords(label) {
  return data.labels[label] || "no label";
}

/** Cells of a grid over the square of the places, so that few points are looked at for a place. */
const CELLS = 128;
const grid = new Map();
function cellOf(value) {
  return Math.min(CELLS - 1, Math.max(0, Math.floor(((value + 1) / 2) * CELLS)));
}
for (let point = 0; point < count; point++) {
  const cell = cellOf(places[2 * point]) * CELLS + cellOf(places[2 * point + 1]);
  if (!grid.has(cell)) grid.set(cell, []);
  grid.get(cell).push(point);
}

/** The shown point that is nearest to a place, within a distance; null for none. */
function nearest(x, y, distance) {
  let best = null;
  let least = distance * distance;
  for (let column = cellOf(x - distance); column <= cellOf(x + distance); column++) {
    for (let row = cellOf(y - distance); row <= cellOf(y + distance); row++) {
      for (const point of grid.get(column * CELLS + row) ?? []) {
        const away = (places[2 * point] - x) ** 2 + (places[2 * point + 1] - y) ** 2;
        if (away <= least && isShown(point)) [best, least] = [point, away];
      }
    }
  }
  return best;
}
