// Selects points by a line around them, and gives them as a CSV file.

/** Names that are listed beside the map. */
const LISTED = 200;

/** Whether a place is within the lasso: a ray from it crosses the line an odd number of times. */
function isInside(line, x, y) {
  let inside = false;
  for (let place = 0, before = line.length - 1; place < line.length; before = place++) {
    const [x1, y1] = line[place];
    const [x2, y2] = line[before];
    if (y1 > y !== y2 > y && x < ((x2 - x1) * (y - y1)) / (y2 - y1) + x1) inside = !inside;
  }
  return inside;
}

function selectInside(line) {
  const inside = [];
  for (let point = 0; point < count; point++) {
    if (isShown(point) && isInside(line, places[2 * point], places[2 * point + 1])) inside.push(point);
  }
  select(inside);
}

function select(points) {
  selected = new Set(points);
  byId("chosen").hidden = !points.length;
  byId("chosen-count").textContent = `${points.length.toLocaleString("en")} selected`;
  const items = points.slice(0, LISTED).map((point) => {
    const item = document.createElement("li");
    item.textContent = data.titles[point];
    return item;
  });
  if (points.length > LISTED) {
    const more = document.createElement("li");
    more.textContent = `and ${points.length - LISTED} more`;
    items.push(more);
  }
  byId("chosen-names").replaceChildren(...items);
  byId("save").href = points.length ? `data:text/csv;charset=utf-8,${encodeURIComponent(asCsv(points))}` : "#";
  draw();
}

function asCsv(points) {
  const cell = (text) => (/[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
  const lines = points.map((point) => {
    const [x, y] = [places[2 * point], places[2 * point + 1]];
    return [cell(data.titles[point]), cell(data.labels[data.label_of[point]]), x.toFixed(5), y.toFixed(5)].join(",");
  });
  return ["file,label,x,y", ...lines].join("\r\n") + "\r\n";
}
