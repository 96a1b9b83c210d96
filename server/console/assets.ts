import { shown } from '../../base/shown.js';
import { readFileSync } from 'node:fs';
import { Router } from 'express';
import { sha256Hex } from '../../base/bytes.js';
import { ServerError } from '../error.js';
import { onlyMethods } from '../http/routes/method.js';
import { immutableCaching, representationOf, send } from '../http/send.js';

const mediaTypes = { css: 'text/css; charset=utf-8', js: 'text/javascript; charset=utf-8', svg: 'image/svg+xml' };
const names = ['console.css', 'console.js', 'icon.svg'] as const;
type AssetName = (typeof names)[number];

/** The style sheet, the script and the icon, read once. Their addresses carry a hash, so that they may be kept for ever. */
export class Assets {
  readonly #files: ReadonlyMap<AssetName, Uint8Array>;

  constructor() {
    this.#files = new Map(names.map((name) => [name, load(name)]));
  }

  path(name: AssetName): string {
    return `/admin/assets/${sha256Hex(this.#files.get(name) ?? new Uint8Array()).slice(0, 16)}/${name}`;
  }

  routes(): Router {
    const router = Router({ caseSensitive: true, strict: true });
    router
      .route('/assets/:hash/:name')
      .get(async (request, response) => {
        const name = names.find((known) => known === request.params.name);
        const bytes = name === undefined ? undefined : this.#files.get(name);
        if (name === undefined || bytes === undefined || !this.path(name).includes(`/${request.params.hash}/`))
          throw new ServerError('not-found', `file: expected one of the console, got ${shown(request.params.name)}`);
        const mediaType = mediaTypes[name.split('.')[1] as keyof typeof mediaTypes];
        await send(request, response, representationOf(bytes, mediaType, immutableCaching));
      })
      .all(onlyMethods('GET', 'HEAD'));
    return router;
  }
}

/** Beside this file in the sources; the compiled file looks for them there. */
function load(name: AssetName): Uint8Array {
  for (const folder of ['./assets/', '../../../server/console/assets/']) {
    try {
      return readFileSync(new URL(`${folder}${name}`, import.meta.url));
    } catch {
      continue;
    }
  }
  throw new ServerError('internal', `${name}: expected it in the package, got no such file`);
}
