import { loadRepository } from '../repository/repository.js';
import type { PageRouter } from './page-router.js';
import { html } from './html.js';
import { ago, day, moment } from './moment.js';
import { facts, table } from './table.js';
import type { Page, PageContext } from './page-context.js';

interface Release {
  readonly path: string;
  readonly feature: string;
  readonly pack: string;
  readonly channel: string;
  readonly kind: string;
  readonly version: string;
  readonly sequence: number;
  readonly length: number;
  readonly committedAt: string;
}

export function releasePages(pages: PageRouter): void {
  pages.page('/releases', 'releases:read', releasesPage);
}

async function releasesPage({ deps, now }: PageContext): Promise<Page> {
  const repository = await loadRepository(deps.records);
  const releases: Release[] = await deps.records
    .selectFrom('targets')
    .innerJoin('packs', (join) =>
      join.onRef('packs.path', '=', 'targets.path').onRef('packs.sha256', '=', 'targets.sha256'),
    )
    .select(['packs.path', 'packs.feature', 'packs.pack', 'packs.channel', 'packs.kind', 'packs.version'])
    .select(['packs.sequence', 'targets.length', 'targets.committedAt'])
    .where('targets.current', '=', 1)
    .orderBy('packs.path')
    .execute();
  const roles = repository === null ? [] : [...repository.roles];
  return {
    title: 'Releases',
    body: html`${table<Release>({
      caption: 'Packs that are served now',
      rows: releases,
      empty:
        repository === null
          ? html`<p>Nothing can be served yet: root and targets come first.</p>
              <p>Hold the ceremony with <code>yms root new</code> and <code>yms targets</code>, then commit both.</p>`
          : html`<p>No pack is published yet.</p>
              <p>A publisher runs <code>yms build</code>, then <code>yms publish</code>.</p>`,
      columns: [
        { label: 'Pack', header: true, show: ({ feature, pack }) => `${feature} / ${pack}` },
        { label: 'Channel', show: ({ channel }) => channel },
        { label: 'Version', show: ({ version }) => version },
        { label: 'Sequence', numeric: true, show: ({ sequence }) => sequence },
        { label: 'Kind', show: ({ kind }) => kind },
        { label: 'Size', numeric: true, show: ({ length }) => size(length) },
        {
          label: 'Published',
          show: ({ committedAt }) => html`${moment(committedAt)} <span class="hint">${ago(committedAt, now)}</span>`,
        },
      ],
    })}
    ${
      repository !== null &&
      html`<h2>Signed metadata</h2>
        <p>After its end an endpoint takes nothing new. <code>yms publish --refresh</code> signs a role again.</p>
        ${facts([
          ['root', html`version ${repository.root.signed.version}, until ${day(repository.root.signed.expires)}`],
          [
            'targets',
            html`version ${repository.targets.signed.version}, until ${day(repository.targets.signed.expires)}`,
          ],
          ...roles.map(
            ([name, { signed }]) => [name, html`version ${signed.version}, until ${day(signed.expires)}`] as const,
          ),
        ])}`
    }`,
  };
}

function size(bytes: number): string {
  if (bytes < 1024) return `${bytes} B`;
  if (bytes < 1_048_576) return `${(bytes / 1024).toFixed(1)} KiB`;
  return `${(bytes / 1_048_576).toFixed(1)} MiB`;
}
