import type { ShownLicense } from '../licensing/shown-license.js';
import { html } from './html.js';
import { shownOnce } from './once.js';
import type { Page } from './page-context.js';

/** The key of a license that was sold or transferred. */
export function keyPage({ id }: Pick<ShownLicense, 'id'>, licenseKey: string): Page {
  return {
    title: 'License key',
    body: shownOnce(
      'The key of this license',
      licenseKey,
      html`<p>On each endpoint: <code>yms activate --server ADDRESS --root FILE</code>, which asks for the key.</p>
        <p><a class="button" href="/admin/licenses/${id}">To the license</a></p>`,
    ),
  };
}
