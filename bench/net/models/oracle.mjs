// node oracle.mjs MODEL.onnx INPUT.npy FOLDER
// Runs a network on ONNX Runtime and writes all its outputs, as .npy files and an index.json, for sixfold-net --check.
// Give it a model whose intermediate values are outputs, too (sixfold-net --expose-intermediates). ONNX Runtime is
// looked for where fetch.sh --oracle has installed it.
import { mkdirSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { readNpy, writeNpy } from './npy.mjs';

const [model, input, folder] = process.argv.slice(2);
if (!folder) {
  console.error('usage: node oracle.mjs MODEL.onnx INPUT.npy FOLDER');
  process.exit(2);
}

const cache = process.env.SIXFOLD_CACHE ?? join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'sixfold');
const ort = createRequire(join(cache, 'models', 'package.json'))('onnxruntime-node');

// No optimisation: every node must compute what it says, since each of their results is compared.
const session = await ort.InferenceSession.create(model, {
  graphOptimizationLevel: 'disabled',
  intraOpNumThreads: 1,
  interOpNumThreads: 1,
  logSeverityLevel: 3,
});
const { dims, data } = readNpy(input);
const results = await session.run({ [session.inputNames[0]]: new ort.Tensor('float32', data, dims) });

mkdirSync(folder, { recursive: true });
const index = {};
for (const [name, tensor] of Object.entries(results)) {
  if (tensor.type !== 'float32') continue;
  const file = `${Object.keys(index).length}.npy`;
  writeNpy(join(folder, file), tensor.dims, tensor.data);
  index[name] = file;
}
writeFileSync(join(folder, 'index.json'), JSON.stringify(index, null, 1));
console.log(`ONNX Runtime computed ${Object.keys(index).length} tensors`);
