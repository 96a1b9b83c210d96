import { addArchive } from './archive.js';
import { addContainer, addEnvelope, addGood } from './container.js';
import { addContentKey } from './content-key.js';
import { addContent } from './content.js';
import { addHeader } from './header.js';
import { addPayload } from './payload.js';
import { type Add, make, vector } from './plan.js';

/** Every vector by its file name. */
export function makeVectors(): Map<string, Uint8Array> {
  const vectors = new Map<string, Uint8Array>();
  const add: Add = (name, code, comment, plan = {}, expectation = {}) => {
    vectors.set(name, vector(code, comment, make(name, plan), expectation));
  };
  for (const addCases of [
    addGood,
    addContainer,
    addEnvelope,
    addHeader,
    addContentKey,
    addPayload,
    addArchive,
    addContent,
  ])
    addCases(add);
  return vectors;
}
