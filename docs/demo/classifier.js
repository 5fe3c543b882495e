// A classifier of `byola export --litert_input=window`, run by LiteRT.js.

import {loadAndCompile, loadLiteRt, Tensor} from '@litertjs/core';
import {readArchive} from './archive.js';

let runtime = null;

export class Classifier {
  /** Reads a LiteRT file, an ArrayBuffer. */
  static async read(buffer) {
    const texts = readArchive(buffer);
    if (!texts['model_card.json']) {
      throw new Error('The file must be one that byola export has made of a classifier. Received: no model card in it.');
    }
    runtime ??= loadLiteRt(new URL('./node_modules/@litertjs/core/wasm/', import.meta.url).href);
    await runtime;
    const model = await loadAndCompile(new Uint8Array(buffer), {accelerator: 'wasm'});
    const shape = Array.from(model.getInputDetails()[0].shape);
    if (shape[0] !== 1 || shape[1] < 1) {
      throw new Error(`The file must take one clip of a fixed length: export it with --litert_input=window. Received: shape=[${shape}]`);
    }
    return new Classifier(model, JSON.parse(texts['model_card.json']), shape[1]);
  }

  constructor(model, card, length) {
    this.model = model;
    this.labels = card.labels;
    this.thresholds = card.thresholds;
    this.sampleRate = card.sample_rate;
    /** Samples of a window, and from the beginning of one to that of the next. */
    this.length = length;
    this.hop = Math.max(1, Math.floor(length / 2));
  }

  /** Probabilities of a window, a Float32Array of `length` samples. */
  async probabilities(samples) {
    const input = new Tensor(samples, [1, this.length]);
    const outputs = await this.model.run(input);
    const values = Array.from(outputs[0].toTypedArray());
    for (const tensor of [input, ...outputs]) tensor.delete();
    return values;
  }

  /** Classifies a recording: its windows as {first, probabilities}; calls `done` with the share after each. */
  async classify(recording, done = () => {}) {
    const windows = [];
    for (const first of beginnings(recording.length, this.length, this.hop)) {
      const samples = new Float32Array(this.length);
      samples.set(recording.subarray(first, first + this.length));
      windows.push({first, probabilities: await this.probabilities(samples)});
      done((first + this.length) / recording.length, windows);
    }
    return windows;
  }
}

/** First samples of the windows; the last one ends where the recording does. */
export function beginnings(total, length, hop) {
  const firsts = [];
  for (let first = 0; first + length <= total; first += hop) firsts.push(first);
  if (total > 0 && total < length) firsts.push(0);
  if (firsts.length && total > firsts.at(-1) + length) firsts.push(total - length);
  return firsts;
}
