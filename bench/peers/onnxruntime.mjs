// node onnxruntime.mjs
// Runs networks on ONNX Runtime, one thread, for sixfold-peers. Reads one command a line and answers each by one line:
//   version                        its version
//   load NAME MODEL.onnx           ok
//   input NAME FILE DIM...         ok: the input, as little-endian floats
//   output NAME FILE               ok: writes the output of one run
//   time NAME RUNS                 seconds that so many runs took
// ONNX Runtime is looked for where bench/net/models/fetch.sh --oracle has installed it.
import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

const cache = process.env.SIXFOLD_CACHE ?? join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'sixfold');
const require = createRequire(join(cache, 'models', 'package.json'));
const ort = require('onnxruntime-node');
const options = {
  graphOptimizationLevel: 'all',
  executionMode: 'sequential',
  intraOpNumThreads: 1,
  interOpNumThreads: 1,
  logSeverityLevel: 3,
};

const networks = {};
const runOf = ({ session, feeds }) => session.run(feeds);

const commands = {
  version: async () => require('onnxruntime-node/package.json').version,
  load: async (name, model) => {
    networks[name] = { session: await ort.InferenceSession.create(model, options) };
    return 'ok';
  },
  input: async (name, file, ...dims) => {
    const bytes = readFileSync(file);
    const values = new Float32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4);
    const { session } = networks[name];
    networks[name].feeds = { [session.inputNames[0]]: new ort.Tensor('float32', values, dims.map(Number)) };
    return 'ok';
  },
  output: async (name, file) => {
    const results = await runOf(networks[name]);
    const { data } = results[networks[name].session.outputNames[0]];
    writeFileSync(file, Buffer.from(data.buffer, data.byteOffset, data.byteLength));
    return 'ok';
  },
  time: async (name, runs) => {
    const start = process.hrtime.bigint();
    for (let i = 0; i < Number(runs); ++i) await runOf(networks[name]);
    return Number(process.hrtime.bigint() - start) * 1e-9;
  },
};

for await (const line of createInterface({ input: process.stdin })) {
  const [command, ...rest] = line.split('\t');
  try {
    console.log(await commands[command](...rest));
  } catch (failure) {
    console.log(`error: ${String(failure.message ?? failure).replaceAll('\n', ' ')}`);
  }
}
