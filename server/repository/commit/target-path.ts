import { namePattern } from '../../../keys/roles.js';
import { type FeedPath, parseFeedPath } from '../../../packs/feed.js';
import { ServerError } from '../../error.js';

export interface PackPath {
  readonly feature: string;
  readonly pack: string;
  readonly channel: string;
  /** What stands between channel and `.yms`: nothing for the full pack, `base` for a delta's baseline. */
  readonly part: 'full' | 'base' | 'delta';
}

/** `<feature>/<pack>/<channel>.yms`, `….base.yms`, `….delta.yms` (docs/spec/repository.md), or null. */
export function parsePackPath(path: string): PackPath | null {
  const [, feature = '', pack = '', channel = '', part = 'full'] =
    /^([a-z0-9-]+)\/([a-z0-9-]+)\/([a-z0-9-]+)(?:\.(base|delta))?\.yms$/.exec(path) ?? [];
  if (![feature, pack, channel].every((name) => namePattern.test(name) && name.length <= 64)) return null;
  return { feature, pack, channel, part: part as PackPath['part'] };
}

/**
 * The pack or feed that a role may list at `path`.
 *
 * @throws ServerError `target-path` for another form, or a path outside of `feature`
 */
export function requireTargetPath(path: string, feature: string): PackPath | FeedPath {
  const parsed = parsePackPath(path) ?? parseFeedPath(path);
  if (parsed?.feature !== feature)
    throw new ServerError(
      'target-path',
      `role ${feature}: expected paths like ${feature}/<pack>/<channel>.yms or .feed.<format>, got ${path}`,
      {
        place: { file: path },
      },
    );
  return parsed;
}
