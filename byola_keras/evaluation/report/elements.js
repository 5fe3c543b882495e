// Elements, and numbers as they are written.

/** Makes an element. Attributes that begin with "on" are listeners; children are elements or texts. */
function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith("on")) made.addEventListener(key.slice(2), value);
    else if (value !== null && value !== undefined && value !== false) made.setAttribute(key, value);
  }
  made.append(...children);
  return made;
}

function byId(id) {
  return document.getElementById(id);
}

/** Puts children in the place of what an element holds. */
function fill(id, ...children) {
  byId(id).replaceChildren(...children);
}

/** "83.2 ± 0.6", with an asterisk where a score does not compare with published ones; empty for no score. */
function inWords(cell) {
  if (!cell) return "";
  const interval = cell.interval === null ? "" : ` ± ${cell.interval.toFixed(1)}`;
  return cell.mean.toFixed(1) + interval + (cell.marked ? "*" : "");
}

/** "1 clip", "2 clips", "2.3 clips". */
function clipsInWords(count) {
  const number = Number.isInteger(count) ? String(count) : count.toFixed(1);
  return `${number} ${count === 1 ? "clip" : "clips"}`;
}

/** The score of a row in a column, by the measure that is chosen; published rows have the task's metric only. */
function scoreOf(row, column) {
  const measure = byId("measure").value;
  if (!measure) return row.cells[column];
  return row.published ? null : row.others[measure][column];
}

/** Whether a row has the best measured score of a column; published rows do not count. */
function isBest(row, column) {
  const measured = data.rows.filter((other) => !other.published && scoreOf(other, column));
  const best = Math.max(...measured.map((other) => scoreOf(other, column).mean));
  return !row.published && scoreOf(row, column)?.mean === best;
}

/** A style that mixes `share` (0 to 1) of a colour of the style sheet into the background of a cell. */
function heat(share, colour) {
  const mixed = `color-mix(in oklab, var(--${colour}) ${(100 * share).toFixed(0)}%, var(--panel))`;
  return `background: ${mixed}; color: var(--${share > 0.65 ? "on-heat" : "text"})`;
}

/** A header of a narrow column, to be read from below. */
function uprightHeader(text) {
  return element("th", { scope: "col", class: "upright" }, element("span", {}, text));
}
