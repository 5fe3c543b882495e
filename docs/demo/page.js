// The page: a classifier, and sound for it.

import {drawChart} from './chart.js';
import {Classifier} from './classifier.js';
import {decode, listen} from './sound.js';

const MICROPHONE_SECONDS = 20;
const part = (name) => document.getElementById(name);
const say = (text) => { part('status').textContent = text; };
const state = {classifier: null, windows: [], stop: null};
// For tests, and for the curious at the console.
window.demo = state;

async function takeModel(buffer, name) {
  say(`Loading ${name} ...`);
  state.classifier = await Classifier.read(buffer);
  part('sound').disabled = part('microphone').disabled = false;
  const {labels, length, sampleRate} = state.classifier;
  say(`${name}: ${labels.length} classes, windows of ${(length / sampleRate).toFixed(2)} s. Choose a sound file, or drop it here.`);
}

async function takeSound(buffer, name, type) {
  await endListening();
  const {classifier} = state;
  const recording = await decode(buffer.slice(0), classifier.sampleRate);
  const seconds = recording.length / classifier.sampleRate;
  part('player').src = URL.createObjectURL(new Blob([buffer], {type}));
  part('player').hidden = false;
  const started = performance.now();
  state.windows = await classifier.classify(recording, (share) => say(`${name}: ${Math.min(100, Math.round(100 * share))} %`));
  const took = performance.now() - started;
  show([0, Math.max(seconds, 0.01)]);
  say(`${name}: ${seconds.toFixed(1)} s in ${state.windows.length} windows, computed in ${(took / 1000).toFixed(1)} s.`);
}

function show(seconds) {
  const {classifier, windows} = state;
  part('chart').hidden = part('table').hidden = !windows.length;
  if (!windows.length) return;
  drawChart(part('chart'), classifier, windows, seconds);
  const rows = classifier.labels.map((label, index) => {
    const best = windows.reduce((a, b) => (b.probabilities[index] > a.probabilities[index] ? b : a));
    return {label, value: best.probabilities[index], at: best.first / classifier.sampleRate, heard: best.probabilities[index] >= classifier.thresholds[index]};
  });
  rows.sort((a, b) => b.value - a.value);
  part('table').tBodies[0].replaceChildren(...rows.map(asRow));
}

function asRow({label, value, at, heard}) {
  const row = document.createElement('tr');
  row.className = heard ? 'heard' : '';
  for (const text of [label, value.toFixed(3), `${at.toFixed(2)} s`]) row.insertCell().textContent = text;
  row.onclick = () => { part('player').currentTime = at; part('player').play(); };
  return row;
}

async function startListening() {
  const {classifier} = state;
  const {length, hop, sampleRate} = classifier;
  state.windows = [];
  part('player').hidden = true;
  let rest = new Float32Array(0);
  let first = 0;
  let busy = false;
  state.stop = await listen(sampleRate, async (block) => {
    const joined = new Float32Array(rest.length + block.length);
    joined.set(rest);
    joined.set(block, rest.length);
    rest = joined;
    if (busy) return;
    busy = true;
    while (rest.length >= length && state.stop) {
      const samples = rest.slice(0, length);
      rest = rest.slice(hop);
      state.windows.push({first, probabilities: await classifier.probabilities(samples)});
      first += hop;
      const now = (first + length) / sampleRate;
      state.windows = state.windows.filter((one) => one.first / sampleRate > now - MICROPHONE_SECONDS);
      show([Math.max(0, now - MICROPHONE_SECONDS), Math.max(now, MICROPHONE_SECONDS)]);
    }
    busy = false;
  });
  part('microphone').textContent = 'Stop';
  say('Listening ...');
}

async function endListening() {
  const {stop} = state;
  state.stop = null;
  if (stop) await stop();
  part('microphone').textContent = 'Listen to the microphone';
}

/** A file, chosen or dropped: a classifier, or sound for the one that is there. */
async function take(file) {
  const buffer = await file.arrayBuffer();
  if (file.name.endsWith('.tflite')) return takeModel(buffer, file.name);
  if (!state.classifier) throw new Error('A classifier must be there before sound. Choose a .tflite file first.');
  return takeSound(buffer, file.name, file.type);
}

const guarded = (work) => async (...given) => {
  try {
    await work(...given);
  } catch (error) {
    say(`error: ${error.message ?? error}`);
  }
};
state.take = guarded(take);
for (const name of ['model', 'sound']) {
  part(name).onchange = ({target}) => target.files.length && state.take(target.files[0]);
}
part('microphone').onclick = guarded(async () => (state.stop ? endListening() : startListening()));
document.body.ondragover = (event) => { event.preventDefault(); document.body.classList.add('over'); };
document.body.ondragleave = () => document.body.classList.remove('over');
document.body.ondrop = (event) => {
  event.preventDefault();
  document.body.classList.remove('over');
  for (const file of event.dataTransfer.files) state.take(file);
};
const given = new URLSearchParams(location.search).get('model');
if (given) {
  guarded(async () => {
    const answer = await fetch(given);
    if (!answer.ok) throw new Error(`The classifier must be there. Received: model=${given}, ${answer.status}`);
    await takeModel(await answer.arrayBuffer(), given);
  })();
}
