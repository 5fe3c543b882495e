// The page from top to bottom.

const data = JSON.parse(byId("data").textContent);

function drawScores() {
  drawTable();
  drawBars();
}

function drawPage() {
  const count = (things, name) => `${things} ${name}${things === 1 ? "" : "s"}`;
  const measured = data.rows.filter((row) => !row.published);
  fill("summary", `${count(measured.length, "row")} measured, ${count(data.columns.length, "column")} of scores.`);
  byId("published-switch").hidden = measured.length === data.rows.length;
  byId("published").addEventListener("change", drawScores);
  offerMeasures();
  byId("measure").addEventListener("change", drawScores);
  drawScores();
  chooseConfusions();
  drawCorrelation();
  drawSeconds();
  byId("notes").append(...data.notes.map((note) => element("p", {}, note)));
}

drawPage();
