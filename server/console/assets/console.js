// What the console adds where there is JavaScript; every page works without it.
/* global CSS, document, location, navigator, setTimeout, clearTimeout, fetch, DOMParser, URL, URLSearchParams, FormData, history */

// Keys: "/" to the search, "g" and a letter to a page, "?" tells them.
let isGoing = false;
document.addEventListener('keydown', (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.matches('input, select, textarea')) return;
  if (event.key === '/') {
    event.preventDefault();
    document.querySelector('#search')?.focus();
    return;
  }
  if (isGoing) {
    isGoing = false;
    const link = document.querySelector(`.places a[data-key="${CSS.escape(event.key)}"]`);
    if (link) location.assign(link.href);
    return;
  }
  isGoing = event.key === 'g';
});

for (const link of document.querySelectorAll('.places a[data-key]')) link.title = `g ${link.dataset.key}`;
const search = document.querySelector('#search');
if (search) search.title = 'Press / to search';

// Secrets that are shown once can be copied.
for (const button of document.querySelectorAll('[data-copy]')) {
  button.hidden = false;
  button.addEventListener('click', async () => {
    await navigator.clipboard.writeText(document.getElementById(button.dataset.copy).textContent);
    button.textContent = 'Copied';
  });
}

// Filters act while one types: the same page is asked for, and its result put in place.
for (const form of document.querySelectorAll('form.filters')) {
  let timer;
  form.addEventListener('input', () => {
    clearTimeout(timer);
    timer = setTimeout(() => refresh(form), 200);
  });
}

let asked = 0;
async function refresh(form) {
  const mine = ++asked;
  const query = new URLSearchParams(new FormData(form));
  for (const [name, value] of [...query]) if (value === '') query.delete(name);
  const url = new URL(location.pathname, location.href);
  url.search = query;
  const answer = await fetch(url, { headers: { accept: 'text/html' } });
  if (mine !== asked || !answer.ok || answer.redirected) return;
  const page = new DOMParser().parseFromString(await answer.text(), 'text/html');
  const fresh = page.querySelector('form.filters');
  if (!fresh) return;
  while (form.nextSibling) form.nextSibling.remove();
  while (fresh.nextSibling) form.parentNode.append(fresh.nextSibling);
  history.replaceState(null, '', url);
}
