// Which part of the map is in the window: pixels of a unit, and the place in the middle.

const canvas = byId("map");
const view = { scale: 1, x: 0, y: 0, width: 1, height: 1 };
const MARGIN = 0.92;

function smallestScale() {
  return (MARGIN * Math.min(view.width, view.height)) / 2;
}

function showWhole() {
  Object.assign(view, { scale: smallestScale(), x: 0, y: 0 });
  draw();
}

/** Takes the size of the window, in pixels of the screen. */
function resize() {
  const whole = view.scale <= smallestScale() * 1.001;
  const box = canvas.getBoundingClientRect();
  view.width = box.width;
  view.height = box.height;
  canvas.width = Math.round(box.width * devicePixelRatio);
  canvas.height = Math.round(box.height * devicePixelRatio);
  makeDots();
  if (whole) showWhole();
  else draw();
}

function toPixels(x, y) {
  return [view.width / 2 + (x - view.x) * view.scale, view.height / 2 - (y - view.y) * view.scale];
}

function toPlace(left, top) {
  return [view.x + (left - view.width / 2) / view.scale, view.y - (top - view.height / 2) / view.scale];
}

function move(right, down) {
  view.x -= right / view.scale;
  view.y += down / view.scale;
  draw();
}

/** Zooms by a factor; the place under a pixel stays there. */
function zoom(factor, left = view.width / 2, top = view.height / 2) {
  const [x, y] = toPlace(left, top);
  view.scale = Math.min(2000 * smallestScale(), Math.max(0.5 * smallestScale(), view.scale * factor));
  const [nowX, nowY] = toPlace(left, top);
  view.x += x - nowX;
  view.y += y - nowY;
  draw();
}

/** Radius of a point in pixels: smaller where there are many, larger when close. */
function radius() {
  const alone = Math.min(7, Math.max(2.2, 160 / Math.sqrt(count)));
  return alone * Math.min(2.5, (view.scale / smallestScale()) ** 0.3);
}
