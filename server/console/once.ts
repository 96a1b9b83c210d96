import { html, type Html, type Part } from './html.js';

/** A secret that is on this page and nowhere else. */
export function shownOnce(label: string, secret: string, next: Part): Html {
  return html`<section class="once" aria-labelledby="once-label">
    <h2 id="once-label">${label}</h2>
    <p>It is shown this once. Copy it now and keep it where secrets are kept.</p>
    <p class="copy">
      <code class="secret" id="once-secret">${secret}</code>
      <button type="button" class="quiet" data-copy="once-secret" hidden>Copy</button>
    </p>
    ${next}
  </section>`;
}
