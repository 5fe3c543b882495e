// A panel of bars for each task, and the correlation of the representations.

function drawBars() {
  const scored = data.columns.filter(({ key }) => shownRows().some((row) => scoreOf(row, key)));
  fill("bars", ...scored.map(panelOfTask));
}

function panelOfTask({ key, title }) {
  const rows = shownRows().filter((row) => scoreOf(row, key));
  rows.sort((a, b) => scoreOf(b, key).mean - scoreOf(a, key).mean);
  return element("section", { class: "panel" }, element("h3", {}, title), ...rows.map((row) => bar(row, key)));
}

function bar(row, column) {
  const cell = scoreOf(row, column);
  const track = element(
    "span",
    { class: "track" },
    element("span", { class: "fill", style: `width: ${clamp(cell.mean)}%` }),
  );
  if (cell.interval !== null) {
    const from = clamp(cell.mean - cell.interval);
    const width = clamp(cell.mean + cell.interval) - from;
    track.append(element("span", { class: "whisker", style: `left: ${from}%; width: ${width}%` }));
  }
  const kinds = ["bar", row.published ? "theirs" : "", isBest(row, column) ? "best" : ""];
  return element(
    "div",
    { class: kinds.join(" ").trim(), title: row.full },
    element("span", { class: "name" }, row.label),
    track,
    element("span", { class: "number" }, inWords({ ...cell, marked: false })),
  );
}

function clamp(percent) {
  return Math.min(100, Math.max(0, percent));
}

function drawCorrelation() {
  const { names, matrix } = data.correlation;
  byId("correlation").hidden = !names.length;
  const line = (name, row) =>
    element("tr", {}, element("th", { scope: "row" }, name), ...matrix[row].map(correlationCell));
  fill(
    "alike",
    element("thead", {}, element("tr", {}, element("td"), ...names.map(uprightHeader))),
    element("tbody", {}, ...names.map(line)),
  );
}

function correlationCell(value) {
  if (value === null) return element("td", { title: "fewer than three tasks that both have" });
  const colour = value < 0 ? "wrong" : "right";
  return element("td", { style: heat(Math.abs(value) * 0.9, colour) }, value.toFixed(2));
}
