// The search of the first page: asks Pagefind's index, which is files beside this one. Needs no storage and no cookies, since
// the pages have an origin of their own.

const index = await import('./pagefind/pagefind.js').catch(() => null);
const form = document.getElementById('search');
const told = document.getElementById('told');
const results = document.getElementById('results');
const field = document.getElementById('q');
const MOST = 20;
const LOOKED_AT = 40; // of which the best are shown: who types a name wants the thing of that name before all that speak of it
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

const plain = title => title.replace(/¶$/, '').trim();
const short = title => plain(title).split('.').at(-1).toLowerCase();

const rank = (found, text) => {
  const wanted = text.trim().toLowerCase().replace(/\(\)$/, '');
  const words = wanted.split(/\s+/);
  const name = short(found.meta.title);
  if (plain(found.meta.title).split('.').at(-1) === text.trim()) {
    return -1;  // in capitals too: Conv2d, and not conv2d
  }
  if (plain(found.meta.title).toLowerCase() === wanted || name === wanted) {
    return 0;
  }
  const [method, owner] = wanted.split('.').reverse();
  if ((!owner || owner === name) && found.sub_results.some(one => one.url !== found.url && short(one.title) === method)) {
    return 1;
  }
  if (words.length > 1 && name.replaceAll('_', '').includes(words.join(''))) {
    return 2;  // cross entropy: CrossEntropyLoss, cross_entropy
  }
  return words.length > 1 && words.includes(name) ? 3 : 4;
};

const line = (found, text) => {
  const more = found.sub_results.filter(one => one.url !== found.url && one.title !== found.meta.title)
    .sort((one, other) => (short(other.title) === short(text)) - (short(one.title) === short(text))).slice(0, 3);
  return made('li', {},
    made('a', { href: found.url }, plain(found.meta.title)), ' ', made('span', { className: 'quiet' }, found.meta.library ?? ''),
    excerpt(found.excerpt),
    ...(more.length ? [made('p', { className: 'parts' }, 'On this page: ', ...more.flatMap((one, at) => [at ? ', ' : '', made('a', { href: one.url }, plain(one.title))]))] : []));
};

const ask = async text => {
  const found = await index.search(text);
  return [found, await Promise.all(found.results.slice(0, LOOKED_AT).map(one => one.data()))];
};

const search = async text => {
  const turn = ++last;
  if (!text.trim()) {
    results.replaceChildren();
    told.textContent = '';
    return;
  }
  const answer = index && await ask(text).catch(() => null);
  if (turn !== last) {
    return;  // somebody has typed on
  }
  if (!answer) {
    results.replaceChildren();
    told.textContent = 'The search could not be loaded. Load this page again; the libraries below can be read meanwhile.';
    return;
  }
  const [found, first] = answer;
  // Of a word that is nowhere, Pagefind shows what begins as its first letter does.
  const words = text.toLowerCase().split(/[\s.]+/).filter(Boolean);
  const near = first.some(one => words.some(word => `${one.meta.title} ${one.excerpt}`.toLowerCase().includes(word.slice(0, 3))));
  const count = near ? found.results.length : 0;
  told.textContent = count ? `${count} page${count === 1 ? '' : 's'}${count > MOST ? `, the best ${MOST} of them` : ''}:`
    : `Nothing found for “${text}”. Try another word, or look in the libraries below.`;
  const best = (near ? first : []).map((one, at) => [rank(one, text), at, one]).sort((one, other) => one[0] - other[0] || one[1] - other[1]);
  results.replaceChildren(...best.slice(0, MOST).map(([, , one]) => line(one, text)));
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
field.value ||= new URLSearchParams(location.search).get('q') ?? '';  // who typed before this came up keeps it
field.focus();
search(field.value);
