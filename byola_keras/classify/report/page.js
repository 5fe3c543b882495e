// The page of a classifier from top to bottom.

const data = JSON.parse(byId("data").textContent);

function percent(value) {
  return value === null ? "" : (100 * value).toFixed(1);
}

function drawTable(id, header, lines) {
  const cell = (value, place) => element(place ? "td" : "th", place ? {} : { scope: "row" }, String(value));
  fill(
    id,
    element("thead", {}, element("tr", {}, ...header.map((name) => element("th", { scope: "col" }, name)))),
    element("tbody", {}, ...lines.map((line) => element("tr", {}, ...line.map(cell)))),
  );
}

function drawFigures() {
  const { test, valid, clips, probe, temperature, calibration_error_before: before } = data.measured;
  const lines = Object.keys(test).map((name) => [name.replaceAll("_", " "), percent(test[name]), percent(valid[name])]);
  drawTable("figures", ["", `test (${clipsInWords(clips.test)})`, `validation (${clipsInWords(clips.valid)})`], lines);
  const interval = probe.ci95 === null ? "" : ` ± ${percent(probe.ci95)}`;
  fill(
    "probe",
    `The benchmark's linear probe on the same clips: ${probe.metric.replaceAll("_", " ")} ${percent(probe.mean)}` +
      `${interval} over ${probe.seeds.length} seeds. Temperature ${temperature.toFixed(3)}: before, the calibration ` +
      `error of the test clips was ${percent(before)}.`,
  );
}

function drawClasses() {
  const lines = data.classes.map((one) => [
    one.class, one.clips, one.threshold.toFixed(3), one.detections,
    percent(one.precision), percent(one.recall), percent(one.f1), percent(one.average_precision),
  ]);
  const header = ["class", "clips", "threshold", "detections", "precision", "recall", "F1", "average precision"];
  drawTable("classes", header, lines);
}

function mistakeInWords({ truth, predicted, probability }) {
  const sure = `${percent(probability)} %`;
  if (truth === null) return `${predicted} was heard (${sure}) and is no label of it`;
  if (predicted === null) return `${truth} was not heard (${sure})`;
  return `${truth} was taken for ${predicted} (${sure})`;
}

function drawMistakes() {
  const items = data.mistakes.map((one) => {
    const item = element("li", {}, element("span", {}, `${mistakeInWords(one)}: ${one.file}`));
    if (one.sound !== null) {
      item.append(element("br"), element("audio", { controls: "", preload: "none", src: data.sounds[one.sound] }));
    }
    return item;
  });
  fill("mistakes", ...(items.length ? items : [element("li", {}, "None of the test clips.")]));
}

function drawPage() {
  const { clips, model, tune } = data.measured;
  document.title = data.title;
  fill("title", data.title);
  const trained = tune === "all" ? "encoder and head" : "a head";
  fill("summary", `${data.labels.length} classes, ${trained} trained on ${clipsInWords(clips.train)}; started from ${model}.`);
  drawFigures();
  drawClasses();
  chooseConfusions();
  drawMistakes();
  byId("notes").hidden = !data.measured.notes.length;
  byId("notes").append(...data.measured.notes.map((note) => element("p", {}, note)));
}

drawPage();
