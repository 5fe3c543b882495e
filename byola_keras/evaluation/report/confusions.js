// Confusion matrices; a cell opens the clips behind it.

/** Above so many classes there is no matrix, only the list of what was mistaken most. */
const MOST_CLASSES = 60;
/** Up to so many classes the cells have their numbers. */
const NUMBERED_CLASSES = 20;
/** How many mistakes the list has. */
const LISTED_PAIRS = 8;

function shownConfusion() {
  return data.confusions.find((one) => one.task === byId("task").value && one.row === byId("row").value);
}

/** Fills the two choices. Another task keeps the representation, if it was evaluated on it. */
function chooseConfusions() {
  byId("confusions").hidden = !data.confusions.length;
  const { named, heard, seconds, megabytes } = data.limits;
  fill(
    "confusions-hint",
    "A row is a true class, a column what its clips were taken for; numbers are percent of the row's clips, " +
      `the mean of all probes. A click on a cell names up to ${named} of its clips and plays the first ` +
      `${seconds} seconds of up to ${heard}. All sounds together have at most ${megabytes} MB here, mistakes ` +
      "first: a clip without a player is beyond that, or its file could no longer be read.",
  );
  const options = (values) => [...new Set(values)].map((value) => element("option", {}, value));
  fill("task", ...options(data.confusions.map((one) => one.task)));
  const refill = () => {
    const before = byId("row").value;
    const of = data.confusions.filter((one) => one.task === byId("task").value).map((one) => one.row);
    fill("row", ...options(of));
    if (of.includes(before)) byId("row").value = before;
    drawConfusion();
  };
  byId("task").addEventListener("change", refill);
  byId("row").addEventListener("change", drawConfusion);
  if (data.confusions.length) refill();
}

function drawConfusion() {
  const shown = shownConfusion();
  const clips = shown.clips.reduce((sum, count) => sum + count, 0);
  fill("matrix-title", `${shown.task}: ${shown.row} (${clipsInWords(clips)}, ${shown.classes.length} classes)`);
  byId("cell").hidden = true;
  if (shown.classes.length <= MOST_CLASSES) drawMatrix(shown);
  else fill("matrix");
  drawPairs(shown);
}

function drawMatrix(shown) {
  const places = new Map(shown.cells.map((cell) => [`${cell.truth},${cell.predicted}`, cell]));
  const line = (name, truth) => {
    const cells = shown.classes.map((_, predicted) => matrixCell(shown, places.get(`${truth},${predicted}`)));
    return element("tr", {}, element("th", { scope: "row" }, name), ...cells);
  };
  byId("matrix").className = shown.classes.length <= NUMBERED_CLASSES ? "matrix" : "matrix small";
  const corner = element("td", { class: "corner" }, "true ↓ taken for →");
  fill(
    "matrix",
    element("thead", {}, element("tr", {}, corner, ...shown.classes.map(uprightHeader))),
    element("tbody", {}, ...shown.classes.map(line)),
  );
}

function matrixCell(shown, cell) {
  if (!cell) return element("td");
  const share = cell.count / shown.clips[cell.truth];
  const numbered = shown.classes.length <= NUMBERED_CLASSES;
  // Few mistakes are to be seen as well: none is paler than a tenth.
  const style = heat(0.1 + 0.9 * share, cell.truth === cell.predicted ? "right" : "wrong");
  const words = inCellWords(shown, cell);
  const text = numbered ? (100 * share).toFixed(0) : "";
  const open = () => openCell(shown, cell);
  const button = element("button", { type: "button", style, title: words, "aria-label": words, onclick: open }, text);
  return element("td", {}, button);
}

function inCellWords(shown, cell) {
  const [truth, predicted] = [shown.classes[cell.truth], shown.classes[cell.predicted]];
  const taken = truth === predicted ? `${truth} recognised` : `${truth} taken for ${predicted}`;
  return `${taken}: ${clipsInWords(cell.count)} of ${shown.clips[cell.truth]}`;
}

function drawPairs(shown) {
  const mistakes = shown.cells.filter((cell) => cell.truth !== cell.predicted);
  const count = shown.classes.length <= MOST_CLASSES ? LISTED_PAIRS : 5 * LISTED_PAIRS;
  const pair = (cell) =>
    element("button", { type: "button", onclick: () => openCell(shown, cell) }, inCellWords(shown, cell));
  const words = mistakes.length ? "Mistaken most often: " : "Nothing was mistaken.";
  fill("pairs", words, ...mistakes.slice(0, count).map(pair));
}

function openCell(shown, cell) {
  const clips = cell.named.map((clip) => clipOfCell(shown, clip));
  if (cell.more) clips.push(element("li", {}, `and ${cell.more} more, see ${data.predictions}`));
  fill("cell", element("h3", {}, inCellWords(shown, cell)), element("ul", {}, ...clips));
  byId("cell").hidden = false;
  byId("cell").scrollIntoView({ block: "nearest" });
}

function clipOfCell(shown, { file, votes, sound }) {
  const by = shown.probes > 1 ? ` (by ${votes} of ${shown.probes} probes)` : "";
  const item = element("li", {}, element("span", {}, file + by));
  if (sound !== null) item.append(element("audio", { controls: "", preload: "none", src: data.sounds[sound] }));
  return item;
}
