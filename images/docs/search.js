// The search of the first page: asks Pagefind's index, which is files beside this one. Needs no storage and no cookies, since
// the pages have an origin of their own.

const index = await import('./pagefind/pagefind.js').catch(() => null);
const form = document.getElementById('search');
const told = document.getElementById('told');
const results = document.getElementById('results');
const field = document.getElementById('q');
const MOST = 20;
let last = 0;

const base = new URL('.', import.meta.url).pathname;
await index?.options({ baseUrl: base, excerptLength: 24 });

const made = (tag, properties, ...children) => {
  const node = Object.assign(document.createElement(tag), properties);
  node.append(...children);
  return node;
};

// The excerpt has marks around the words that were found, and is otherwise escaped by Pagefind.
const excerpt = html => made('p', { innerHTML: html });

const line = found => {
  const more = found.sub_results.filter(one => one.url !== found.url).slice(0, 3);
  return made('li', {},
    made('a', { href: found.url }, found.meta.title), ' ', made('span', { className: 'quiet' }, found.meta.library ?? ''),
    excerpt(found.excerpt),
    ...(more.length ? [made('p', { className: 'parts' }, 'On this page: ', ...more.flatMap((one, at) => [at ? ', ' : '', made('a', { href: one.url }, one.title)]))] : []));
};

const search = async text => {
  const turn = ++last;
  if (!text.trim()) {
    results.replaceChildren();
    told.textContent = '';
    return;
  }
  if (!index) {
    told.textContent = 'The search could not be loaded. Load this page again; the libraries below can be read meanwhile.';
    return;
  }
  const found = await index.search(text);
  const first = await Promise.all(found.results.slice(0, MOST).map(one => one.data()));
  if (turn !== last) {
    return;  // somebody has typed on
  }
  const count = found.results.length;
  told.textContent = count ? `${count} page${count === 1 ? '' : 's'}${count > MOST ? `, the best ${MOST} of them` : ''}:`
    : `Nothing found for “${text}”. Try another word, or look in the libraries below.`;
  results.replaceChildren(...first.map(line));
};

let waiting;
field.addEventListener('input', () => {
  clearTimeout(waiting);
  waiting = setTimeout(() => search(field.value), 200);
});
form.addEventListener('submit', event => {
  event.preventDefault();
  search(field.value);
});
field.value = new URLSearchParams(location.search).get('q') ?? '';
field.focus();
search(field.value);
