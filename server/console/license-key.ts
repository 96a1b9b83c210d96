import type { ShownLicense } from '../licensing/shown-license.js';
import { html } from './html.js';
import { shownOnce } from './once.js';
import type { Page } from './visit.js';

/** The key of a licence that was sold or transferred. */
export function keyPage({ id }: Pick<ShownLicense, 'id'>, licenseKey: string): Page {
  return {
    title: 'Licence key',
    body: shownOnce(
      'The key of this licence',
      licenseKey,
      html`<p>On each endpoint: <code>yms activate --server ADDRESS --root FILE</code>, which asks for the key.</p>
        <p><a class="button" href="/admin/licenses/${id}">To the licence</a></p>`,
    ),
  };
}
