/** Writes every vector of this folder anew: `npx tsx test/vectors/pack/generate.ts`. */
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { makeVectors } from './generator/vectors.js';

for (const [name, bytes] of makeVectors()) writeFileSync(fileURLToPath(new URL(name, import.meta.url)), bytes);
