// node unpack_tfjs.mjs FOLDER TOPOLOGY.json WEIGHTS.bin
// The npm package nsfwjs ships its networks as two kinds of script: the topology as an object, and the weights in
// base64. Writes both as plain files, for sixfold-net convert-keras.
import { readdirSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { resolve } from 'node:path';

const [folder, topology, weights] = process.argv.slice(2);
if (!weights) {
  console.error('usage: node unpack_tfjs.mjs FOLDER TOPOLOGY.json WEIGHTS.bin');
  process.exit(2);
}

const require = createRequire(resolve(folder, 'package.json'));
const load = (file) => {
  const module = require(resolve(folder, file));
  return module.default ?? module;
};
const shards = readdirSync(folder).filter((file) => /^group\d+-shard\d+of\d+\.min\.js$/.test(file)).sort();

writeFileSync(topology, JSON.stringify(load('model.min.js')));
writeFileSync(weights, Buffer.concat(shards.map((file) => Buffer.from(load(file), 'base64'))));
