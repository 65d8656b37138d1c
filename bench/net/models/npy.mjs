// Tensors of floats as .npy files.
import { readFileSync, writeFileSync } from 'node:fs';

const magic = Buffer.from('\x93NUMPY', 'latin1');

// { dims, data } of a file of version 1 with 4-byte floats in C order, such as sixfold-net writes.
export function readNpy(path) {
  const file = readFileSync(path);
  const isNpy = file.compare(magic, 0, magic.length, 0, magic.length) === 0 && file[6] === 1;
  if (!isNpy) throw new Error(`${path} is not a .npy file`);
  const start = 10 + file.readUInt16LE(8);
  const header = file.toString('latin1', 10, start);
  const isFloats = header.includes("'<f4'") && header.includes("'fortran_order': False");
  if (!isFloats) throw new Error(`${path} does not hold floats in C order: ${header}`);
  const sizes = header.match(/'shape': \(([^)]*)\)/)[1].split(',');
  const dims = sizes.map((size) => size.trim()).filter(Boolean).map(Number);
  const bytes = file.subarray(start);
  const data = new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength));
  return { dims, data };
}

export function writeNpy(path, dims, data) {
  const shape = dims.map((size) => `${size}, `).join('');
  const text = `{'descr': '<f4', 'fortran_order': False, 'shape': (${shape}), }`;
  const header = text.padEnd(Math.ceil((text.length + 11) / 64) * 64 - 11) + '\n';
  const prefix = Buffer.from([...magic, 1, 0, header.length & 255, header.length >> 8]);
  const bytes = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
  writeFileSync(path, Buffer.concat([prefix, Buffer.from(header, 'latin1'), bytes]));
}
