// Classes over time.

const ROW = 22;
const LEFT = 130;
const BOTTOM = 24;

/**
 * Draws the probabilities of windows, a row for each class; `seconds` is the time axis [from, to].
 */
export function drawChart(canvas, classifier, windows, seconds) {
  const scale = window.devicePixelRatio || 1;
  const width = canvas.clientWidth;
  const height = classifier.labels.length * ROW + BOTTOM;
  canvas.width = width * scale;
  canvas.height = height * scale;
  canvas.style.height = `${height}px`;
  const style = getComputedStyle(canvas);
  const context = canvas.getContext('2d');
  context.scale(scale, scale);
  context.font = '13px system-ui, sans-serif';
  context.textBaseline = 'middle';
  const x = (time) => LEFT + ((time - seconds[0]) / (seconds[1] - seconds[0])) * (width - LEFT - 8);
  context.fillStyle = style.color;
  classifier.labels.forEach((label, row) => context.fillText(label, 8, (row + 0.5) * ROW, LEFT - 16));
  // Colours that depend on the scheme are resolved in properties of the type colour alone, see demo.css.
  context.fillStyle = style.outlineColor;
  for (const {first, probabilities} of windows) {
    // Windows overlap: each is drawn over the middle of it.
    const middle = (first + classifier.length / 2) / classifier.sampleRate;
    const half = classifier.hop / 2 / classifier.sampleRate;
    const [from, to] = [Math.max(x(middle - half), LEFT), x(middle + half)];
    probabilities.forEach((probability, row) => {
      context.globalAlpha = Math.min(1, probability);
      context.fillRect(from, row * ROW + 2, Math.max(1, to - from), ROW - 4);
    });
  }
  context.globalAlpha = 1;
  context.fillStyle = style.caretColor;
  const step = niceStep((seconds[1] - seconds[0]) / 8);
  for (let time = Math.ceil(seconds[0] / step) * step; time <= seconds[1] + 1e-9; time += step) {
    context.fillText(`${+time.toFixed(2)} s`, Math.min(x(time), width - 40), height - BOTTOM / 2);
  }
}

function niceStep(least) {
  const power = 10 ** Math.floor(Math.log10(least));
  return [1, 2, 5, 10].find((factor) => factor * power >= least) * power;
}
