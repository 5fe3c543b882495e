// The table of all scores, sorted by a column, and that of the seconds.

/** Which column the table is sorted by; none is the order in which the results came. */
const sorting = { column: null, descending: true };

function sortBy(column) {
  // The name of a row begins with A, a score with the best; a second click turns it round.
  const first = column !== "label";
  sorting.descending = sorting.column === column ? !sorting.descending : first;
  sorting.column = column;
  drawTable();
}

/** The rows that are shown, in the order of the table. Rows without a score come last either way. */
function sortedRows(rows) {
  const { column, descending } = sorting;
  if (column === null) return rows;
  const sign = descending ? -1 : 1;
  if (column === "label") return rows.toSorted((a, b) => sign * a.label.localeCompare(b.label));
  const scored = rows.filter((row) => scoreOf(row, column));
  scored.sort((a, b) => sign * (scoreOf(a, column).mean - scoreOf(b, column).mean));
  return [...scored, ...rows.filter((row) => !scoreOf(row, column))];
}

/** Published rows are there if they are wanted and have a score. */
function shownRows() {
  const hasScore = (row) => data.columns.some(({ key }) => scoreOf(row, key));
  return data.rows.filter((row) => !row.published || (byId("published").checked && hasScore(row)));
}

/** Offers what was measured beside the metric. */
function offerMeasures() {
  for (const [measure, title] of Object.entries(data.measures)) {
    const found = data.rows.some((row) => !row.published && Object.values(row.others[measure]).some(Boolean));
    if (found) byId("measure").append(element("option", { value: measure }, title));
  }
  byId("measure").parentElement.hidden = byId("measure").options.length === 1;
}

function drawTable() {
  const columns = [{ key: "label", title: "Representation" }, ...data.columns];
  const head = element("thead", {}, element("tr", {}, ...columns.map(headerCell)));
  const body = element("tbody", {}, ...sortedRows(shownRows()).map(tableRow));
  fill("table", head, body);
}

function headerCell({ key, title }) {
  const sorted = sorting.column === key ? (sorting.descending ? "descending" : "ascending") : null;
  const button = element("button", { type: "button", onclick: () => sortBy(key) }, title);
  return element("th", { scope: "col", "aria-sort": sorted, "data-key": key }, button);
}

function tableRow(row) {
  const cells = data.columns.map(({ key }) => {
    return element("td", { class: isBest(row, key) ? "best" : null }, inWords(scoreOf(row, key)));
  });
  const name = element("th", { scope: "row", title: row.full }, row.label);
  return element("tr", { class: row.published ? "theirs" : null }, name, ...cells);
}

function drawSeconds() {
  const tasks = [...new Set(data.seconds.map((entry) => entry.task))];
  const rows = [...new Set(data.seconds.map((entry) => entry.row))];
  byId("time").hidden = !rows.length;
  const header = (text) => element("th", { scope: "col" }, text);
  const cell = (row, task) => {
    const found = data.seconds.find((entry) => entry.row === row && entry.task === task);
    const stages = Object.entries(found ? found.stages : {});
    return element("td", {}, stages.map(([stage, seconds]) => `${stage} ${seconds.toFixed(1)}`).join(", "));
  };
  const line = (row) =>
    element("tr", {}, element("th", { scope: "row" }, row), ...tasks.map((task) => cell(row, task)));
  fill(
    "seconds",
    element("thead", {}, element("tr", {}, header("Representation"), ...tasks.map(header))),
    element("tbody", {}, ...rows.map(line)),
  );
}
