// What is said of a person's GPU: from the service's answer to words. Knows nothing of JupyterLab and asks nobody.

import { few } from './dom.js';
import { clock, left } from './times.js';

const SHOWN = 140; // characters of a notice in JupyterLab
const DAYS = 24 * 60; // minutes
const UNKNOWN = 7 * DAYS; // who waits that long waits for a GPU that is not there now

const gigabytes = bytes => Math.round((bytes / 1024 ** 3) * 10) / 10;
const known = number => number !== null && number !== undefined;
const name = gpu => `GPU ${gpu.slot || ''}`.trim();
const holds = gpu => ['starting', 'active', 'stopping'].includes(gpu.state);

// Whether the server with this name is the one that has the GPU.
export const isHere = (gpu, own) => holds(gpu) && gpu.server === own;

const memory = gpu => {
  if (!known(gpu.used)) {
    return known(gpu.memory) ? `${gigabytes(gpu.memory)} GB` : '';
  }
  return known(gpu.memory) ? `${gigabytes(gpu.used)} of ${gigabytes(gpu.memory)} GB` : `${gigabytes(gpu.used)} GB used`;
};

// "20–60 min", "up to 15 min", "1–3 h"; nothing where nobody knows.
export const wait = (least, most) => {
  if (!known(most) || most >= UNKNOWN) {
    return '';
  }
  const [from, to, unit] = most < 120 ? [Math.floor(least || 0), Math.max(1, Math.ceil(most)), 'min']
    : [Math.floor((least || 0) / 60), Math.ceil(most / 60), 'h'];
  if (from < 1) {
    return `up to ${to} ${unit}`;
  }
  return from >= to ? `about ${to} ${unit}` : `${from}–${to} ${unit}`;
};

const place = gpu => (known(gpu.place) ? `: place ${gpu.place}` : '');
const remaining = (gpu, until, now) => left((Date.parse(until) - now) / 1000) || 'now';

// The short words of the status bar, what a screen reader is told once, and how they look.
export const brief = (gpu, own, now) => {
  const here = isHere(gpu, own);
  if (own.startsWith('gpu-') && !here) {
    const text = 'No GPU here any more';
    return { text, spoken: text, look: 'warning' };
  }
  switch (gpu.state) {
    case 'waiting': {
      const text = `In the queue for a GPU${place(gpu)}`;
      return { text: [text, wait(gpu.least_minutes, gpu.most_minutes)].filter(Boolean).join(', '), spoken: text, look: '' };
    }
    case 'offered':
      return { text: `GPU ready: open it until ${clock(gpu.until)}`, spoken: `A GPU is yours until ${clock(gpu.until)}`, look: 'ready' };
    case 'starting':
      return { text: here ? `${name(gpu)} is starting` : 'Your GPU server is starting', spoken: '', look: '' };
    case 'active':
      return gpu.warned ? warned(gpu, here, now) : held(gpu, here);
    case 'stopping':
      return here ? { text: `${name(gpu)} is handed back: this server ends`, spoken: 'This server ends', look: 'warning' } : null;
    default:
      return null;
  }
};

const held = (gpu, here) => {
  const until = gpu.until ? `until ${clock(gpu.until)}` : '';
  const parts = here ? [name(gpu), memory(gpu), until] : ['GPU in your other server', until];
  return { text: parts.filter(Boolean).join(' · '), spoken: `${here ? name(gpu) : parts[0]} ${until}`, look: '' };
};

const warned = (gpu, here, now) => {
  const text = `${here ? name(gpu) : 'GPU in your other server'} ends at ${clock(gpu.warned.at)}`;
  return { text: `${text}: ${remaining(gpu, gpu.warned.at, now)}`, spoken: text, look: 'warning' };
};

const joined = parts => parts.filter(Boolean).join(' ');

// As many whole sentences as JupyterLab shows of a notice; the dialog has them all.
const short = parts => parts.filter(Boolean).reduce((text, part) => (text && text.length + part.length >= SHOWN ? text : joined([text, part])), '');

// What is to be told at once, each once: a word by which it is known, and the sentences, in short and whole.
export const news = gpu => {
  const told = (key, kind, ...parts) => ({ key: `${kind} ${key}`, kind, short: short(parts), whole: joined(parts) });
  const { warned, ended } = gpu;
  return [
    gpu.state === 'active' && warned
      && told(`${warned.reason} ${warned.at}`, 'warned', `${name(gpu)} ends at ${clock(warned.at)}.`, warned.sentence, warned.advice),
    gpu.state === 'offered' && told(gpu.until, 'offered', `A GPU is yours until ${clock(gpu.until)}: open it.`),
    ended && told(ended.at, 'ended', ended.sentence, ended.advice)
  ].filter(Boolean);
};

// Rows of what and how much, for the dialog.
export const facts = (gpu, now) => {
  const until = gpu.until && `${clock(gpu.until)} (${remaining(gpu, gpu.until, now)})`;
  const rows = holds(gpu) ? [
    ['GPU', `${gpu.slot || ''}${gpu.name ? ` (${gpu.name})` : ''}`.trim()],
    ['Memory', memory(gpu) && `${memory(gpu)}${known(gpu.used) && known(gpu.memory) ? ' used' : ''}`],
    [gpu.warned ? 'If it is used, until' : 'Yours until', !gpu.warned || gpu.warned.reason === 'idle' ? until : '']
  ] : gpu.state === 'offered' ? [['Yours until', until]] : gpu.state === 'waiting' ? [
    ['Place in the queue', known(gpu.place) ? String(gpu.place) : ''],
    ['Likely wait', wait(gpu.least_minutes, gpu.most_minutes) || 'not known now']
  ] : [];
  const hours = gpu.state !== 'offered' && gpu.hours && ['GPU hours in seven days', `${few(gpu.hours.used)} of ${few(gpu.hours.of)}`];
  return [...rows, hours].filter(row => row && row[1]);
};
