// Sound for a classifier: files of any format that the browser reads, and the microphone.

/** The samples of a file, an ArrayBuffer, at a sample rate: the mean of its channels. */
export async function decode(buffer, sampleRate) {
  const audio = await new OfflineAudioContext(1, 1, sampleRate).decodeAudioData(buffer);
  const mono = new Float32Array(audio.length);
  for (let channel = 0; channel < audio.numberOfChannels; channel++) {
    const samples = audio.getChannelData(channel);
    for (let i = 0; i < mono.length; i++) mono[i] += samples[i] / audio.numberOfChannels;
  }
  return mono;
}

const WORKLET = `registerProcessor('blocks', class extends AudioWorkletProcessor {
  process([[samples]]) { if (samples) this.port.postMessage(samples.slice()); return true; }
});`;

/** Calls `take` with blocks of the microphone's samples; returns a function that ends it. */
export async function listen(sampleRate, take) {
  const stream = await navigator.mediaDevices.getUserMedia({audio: true});
  const context = new AudioContext({sampleRate});
  const url = URL.createObjectURL(new Blob([WORKLET], {type: 'text/javascript'}));
  await context.audioWorklet.addModule(url);
  URL.revokeObjectURL(url);
  const node = new AudioWorkletNode(context, 'blocks', {channelCount: 1, channelCountMode: 'explicit'});
  node.port.onmessage = ({data}) => take(data);
  context.createMediaStreamSource(stream).connect(node);
  return async () => {
    for (const track of stream.getTracks()) track.stop();
    await context.close();
  };
}
