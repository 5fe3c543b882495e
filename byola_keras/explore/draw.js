// Draws the points into an array of pixels, which is several times as fast as to draw ten thousand shapes.

const pen = canvas.getContext("2d", { willReadFrequently: true });
const dark = matchMedia("(prefers-color-scheme: dark)");
let image = null;
let pixels = null;
let dots = [];
let halo = null;
let dotRadius = 0;
let lassoLine = [];
let hovered = null;
let waiting = false;
/** Points by label: the most frequent label lies below. */
const byLabel = data.labels.map(() => []);
for (let point = 0; point < count; point++) byLabel[data.label_of[point]].push(point);

/** Hues of even distance; neighbours in the list of labels lie far apart, and differ in lightness. */
function colour(label) {
  if (label >= COLOURED || data.labels[label] === "") return dark.matches ? "#6b7482" : "#9aa3af";
  const coloured = Math.min(COLOURED, data.labels.length);
  const step = coloured > 6 && gcd(5, coloured) === 1 ? 5 : 1;
  const hue = 255 + (360 * ((label * step) % coloured)) / coloured;
  const lightness = (dark.matches ? 0.74 : 0.6) + (label % 2 ? 0.06 : -0.04);
  return `oklch(${lightness} 0.15 ${hue % 360})`;
}

function gcd(a, b) {
  return b ? gcd(b, a % b) : a;
}

/** A colour of CSS as [red, green, blue]. */
function channels(colour) {
  const probe = document.createElement("canvas");
  probe.width = probe.height = 1;
  const brush = probe.getContext("2d");
  brush.fillStyle = colour;
  brush.fillRect(0, 0, 1, 1);
  return [...brush.getImageData(0, 0, 1, 1).data.slice(0, 3)];
}

function asPixel([red, green, blue], alpha) {
  return ((Math.round(255 * alpha) << 24) | (blue << 16) | (green << 8) | red) >>> 0;
}

/** A disc as pixels: their offsets, colours on nothing, and on other dots, from which its edge sets it off. */
function makeDot(colour, background, size) {
  const reach = Math.ceil(size);
  const [offsets, onNothing, onOthers] = [[], [], []];
  const own = channels(colour);
  const edge = own.map((value, place) => Math.round(0.55 * value + 0.45 * background[place]));
  for (let down = -reach; down <= reach; down++) {
    for (let right = -reach; right <= reach; right++) {
      const alpha = Math.min(1, size + 0.5 - Math.hypot(right, down));
      if (alpha <= 0) continue;
      offsets.push(down * image.width + right);
      onNothing.push(asPixel(own, alpha));
      onOthers.push(asPixel(alpha < 1 ? edge : own, 1));
    }
  }
  const kinds = { offsets: Int32Array.from(offsets), onNothing: Uint32Array.from(onNothing) };
  return { reach, ...kinds, onOthers: Uint32Array.from(onOthers) };
}

function makeDots() {
  dotRadius = radius();
  if (!image || image.width !== canvas.width || image.height !== canvas.height) {
    image = pen.createImageData(Math.max(1, canvas.width), Math.max(1, canvas.height));
    pixels = new Uint32Array(image.data.buffer);
  }
  const background = channels(getComputedStyle(byId("stage")).backgroundColor);
  dots = data.labels.map((_, label) => makeDot(colour(label), background, dotRadius * devicePixelRatio));
  halo = makeDot(getComputedStyle(document.body).color, background, (dotRadius + 1.5) * devicePixelRatio);
}

/** Draws with the next picture of the screen. */
function draw() {
  if (waiting) return;
  waiting = true;
  requestAnimationFrame(() => {
    waiting = false;
    drawNow();
  });
}

function drawNow() {
  if (Math.abs(radius() - dotRadius) > 0.1) makeDots();
  pixels.fill(0);
  for (const point of selected) if (isShown(point)) stamp(halo, point);
  for (let label = 0; label < byLabel.length; label++) {
    if (!shownLabels.has(label)) continue;
    for (const point of byLabel[label]) if (found === null || found.has(point)) stamp(dots[label], point);
  }
  pen.putImageData(image, 0, 0);
  pen.setTransform(devicePixelRatio, 0, 0, devicePixelRatio, 0, 0);
  pen.strokeStyle = getComputedStyle(document.body).color;
  if (hovered !== null) ring(hovered);
  if (lassoLine.length) drawLasso();
}

function stamp(dot, point) {
  const scale = view.scale * devicePixelRatio;
  const left = Math.round(image.width / 2 + (places[2 * point] - view.x) * scale);
  const top = Math.round(image.height / 2 - (places[2 * point + 1] - view.y) * scale);
  // A dot that is cut by the border is left out.
  const { reach, offsets, onNothing, onOthers } = dot;
  if (left < reach || top < reach || left >= image.width - reach || top >= image.height - reach) return;
  const middle = top * image.width + left;
  for (let place = 0; place < offsets.length; place++) {
    const at = middle + offsets[place];
    pixels[at] = pixels[at] === 0 ? onNothing[place] : onOthers[place];
  }
}

function ring(point) {
  pen.lineWidth = 2.5;
  pen.beginPath();
  pen.arc(...toPixels(places[2 * point], places[2 * point + 1]), dotRadius + 2, 0, 2 * Math.PI);
  pen.stroke();
}

function drawLasso() {
  pen.lineWidth = 1.5;
  pen.setLineDash([5, 4]);
  pen.beginPath();
  for (const [x, y] of lassoLine) pen.lineTo(...toPixels(x, y));
  pen.closePath();
  pen.stroke();
  pen.setLineDash([]);
}
