// The page: the legend, and what the mouse, the fingers and the keys do.

/** Pixels that a press may move and be a click. */
const CLICK_PIXELS = 4;
/** Pixels around a point in which it is meant. */
const NEAR_PIXELS = 5;

function drawLegend() {
  const items = data.labels.map((_, label) => {
    const button = document.createElement("button");
    button.type = "button";
    button.setAttribute("aria-pressed", shownLabels.has(label));
    const parts = { colour: "", label: labelInWords(label), count: byLabel[label].length.toLocaleString("en") };
    for (const [kind, text] of Object.entries(parts)) {
      const part = document.createElement("span");
      part.className = kind;
      part.textContent = text;
      if (kind === "colour") part.style.background = colour(label);
      button.append(part);
    }
    button.addEventListener("click", () => {
      if (!shownLabels.delete(label)) shownLabels.add(label);
      button.setAttribute("aria-pressed", shownLabels.has(label));
      draw();
    });
    const item = document.createElement("li");
    item.append(button);
    return item;
  });
  byId("legend").replaceChildren(...items);
}

function showLabels(all) {
  shownLabels.clear();
  if (all) for (const label of data.labels.keys()) shownLabels.add(label);
  drawLegend();
  draw();
}

function hover(left, top) {
  const point = nearest(...toPlace(left, top), (dotRadius + NEAR_PIXELS) / view.scale);
  canvas.classList.toggle("near", point !== null);
  const name = byId("name");
  name.hidden = point === null;
  if (point !== null) {
    name.textContent = `${data.titles[point]} · ${labelInWords(data.label_of[point])}`;
    const [x, y] = toPixels(places[2 * point], places[2 * point + 1]);
    name.style.left = `${Math.max(4, Math.min(x + 12, view.width - name.offsetWidth - 4))}px`;
    name.style.top = `${Math.max(4, Math.min(y + 12, view.height - name.offsetHeight - 4))}px`;
  }
  if (point !== hovered) {
    hovered = point;
    draw();
  }
  return point;
}

/** What a press has begun: null, or its kind, where it was last, and how far it went. */
let press = null;

function pressed(event) {
  canvas.setPointerCapture(event.pointerId);
  const isLasso = event.shiftKey || byId("lasso").getAttribute("aria-pressed") === "true";
  press = { isLasso, x: event.offsetX, y: event.offsetY, far: 0 };
  if (isLasso) lassoLine = [toPlace(event.offsetX, event.offsetY)];
  canvas.classList.toggle("dragged", !isLasso);
}

function moved(event) {
  if (!press) {
    hover(event.offsetX, event.offsetY);
    return;
  }
  const [right, down] = [event.offsetX - press.x, event.offsetY - press.y];
  press.far += Math.hypot(right, down);
  if (press.isLasso) {
    lassoLine.push(toPlace(event.offsetX, event.offsetY));
    draw();
  } else if (press.far > CLICK_PIXELS) {
    byId("name").hidden = true;
    move(right, down);
  }
  [press.x, press.y] = [event.offsetX, event.offsetY];
}

function released(event) {
  if (!press) return;
  const { isLasso, far } = press;
  press = null;
  canvas.classList.remove("dragged");
  if (isLasso && far > CLICK_PIXELS) selectInside(lassoLine);
  lassoLine = [];
  if (far <= CLICK_PIXELS) {
    const point = hover(event.offsetX, event.offsetY);
    if (point !== null) play(point);
  }
  draw();
}

function wheel(event) {
  event.preventDefault();
  zoom(Math.exp(-event.deltaY * (event.deltaMode ? 0.05 : 0.0015)), event.offsetX, event.offsetY);
}

function key(event) {
  const steps = { ArrowLeft: [60, 0], ArrowRight: [-60, 0], ArrowUp: [0, 60], ArrowDown: [0, -60] };
  if (event.key in steps) move(...steps[event.key]);
  else if (event.key === "+") zoom(1.3);
  else if (event.key === "-") zoom(1 / 1.3);
  else if (event.key === "0") showWhole();
  else if (event.key === "Escape") select([]);
  else return;
  event.preventDefault();
}

function find() {
  const text = byId("find").value.trim().toLowerCase();
  found = text ? new Set([...data.titles.keys()].filter((n) => data.titles[n].toLowerCase().includes(text))) : null;
  summarize();
  draw();
}

function summarize() {
  const points = `${count.toLocaleString("en")} sounds by ${data.method}`;
  byId("summary").textContent = found === null ? points : `${points}, ${found.size.toLocaleString("en")} found`;
}

function drawPage() {
  const listeners = { pointerdown: pressed, pointermove: moved, pointerup: released, pointercancel: released, keydown: key };
  for (const [name, listener] of Object.entries(listeners)) canvas.addEventListener(name, listener);
  canvas.addEventListener("wheel", wheel, { passive: false });
  canvas.addEventListener("pointerleave", () => press || hover(-1e6, -1e6));
  byId("find").addEventListener("input", find);
  byId("lasso").addEventListener("click", () => {
    const on = byId("lasso").getAttribute("aria-pressed") !== "true";
    byId("lasso").setAttribute("aria-pressed", on);
    canvas.classList.toggle("lasso", on);
  });
  byId("closer").addEventListener("click", () => zoom(1.5));
  byId("farther").addEventListener("click", () => zoom(1 / 1.5));
  byId("whole").addEventListener("click", showWhole);
  byId("all-labels").addEventListener("click", () => showLabels(true));
  byId("no-labels").addEventListener("click", () => showLabels(false));
  byId("clear").addEventListener("click", () => select([]));
  dark.addEventListener("change", () => {
    makeDots();
    drawLegend();
    draw();
  });
  summarize();
  drawLegend();
  new ResizeObserver(resize).observe(byId("stage"));
  resize();
  showWhole();
}

drawPage();
