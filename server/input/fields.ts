/** Members that several request bodies share. */
import { z } from 'zod';
import { parseSeconds } from '../../base/clock.js';
import { namePattern } from '../../keys/roles.js';
import { idPattern } from '../records/ids.js';

/** What people call something: no control or invisible characters, so that a list of it can be printed. */
export const displayName = z
  .string()
  .min(1)
  .max(200)
  .refine((text) => text.isWellFormed() && !/\p{C}/u.test(text), 'no control characters')
  .refine((text) => text.trim() === text, 'no spaces at its ends');

export const time = z.string().refine((text) => parseSeconds(text) !== null, 'a time such as 2026-07-01T00:00:00Z');

/** Of a feature, pack or channel. */
export const slug = z.string().max(64).regex(namePattern, 'a name of a-z, 0-9 and - such as mining-pools');

export const id = z.string().regex(idPattern, 'an id of this server');

export const features = z
  .array(slug)
  .max(256)
  .refine((names) => new Set(names).size === names.length, 'each feature once')
  .transform((names) => names.toSorted());

export const seats = z.int().min(1).max(1_000_000);

/** What is looked for in names. */
export const searchText = z.string().min(1).max(100);

/** An actor, action or subject of the audit log. */
export const auditWord = z
  .string()
  .max(100)
  .regex(/^[A-Za-z0-9.:_-]+$/, 'an actor, action or subject of the audit log');
