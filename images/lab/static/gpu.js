// The person's GPU in JupyterLab: in the status bar while they have one or wait, more in a dialog, and told in time before
// it ends. Claiming one is the page's. Every text goes into the page as text, never as markup.

import { Dialog } from './dialog.js';
import { saveOpen } from './documents.js';
import { few, make } from './dom.js';
import { brief, facts, isHere, news } from './lease.js';
import { ask, mayAsk, notice } from './notice.js';
import { Server } from './server.js';
import { clock } from './times.js';

const STYLE = `
.campushub-gpu { display: flex; align-items: center; }
.campushub-gpu button { font: inherit; color: inherit; background: none; border: 0; padding: 0 8px; height: 100%; cursor: pointer; white-space: nowrap; }
.campushub-gpu button:hover { background: var(--jp-layout-color3); }
.campushub-gpu button:focus-visible { outline: 3px solid #e08a00; outline-offset: -3px; }
.campushub-gpu.campushub-warning button { color: #1c2430; background: #fbbf24; font-weight: 600; }
.campushub-gpu.campushub-ready button { color: #fff; background: #166534; font-weight: 600; }
.campushub-spoken { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
.campushub-facts { display: grid; grid-template-columns: max-content 1fr; gap: 2px 16px; margin: 8px 0; }
.campushub-facts dd { margin: 0; font-weight: 600; overflow-wrap: anywhere; }
.campushub-dialog .campushub-warned { padding: 6px 12px; border-left: 4px solid #b45309; background: #fff7e6; }
`;

const OFTEN_MS = 15000;
const SELDOM_MS = 30000; // while there is nothing to tell
const TIMES_SILENT = 4; // questions without an answer, after which it is said when it was seen
const TOLD = 'campushub-gpu-told'; // the end of a lease is told once, whichever page of the hub is open
const share = hours => `Beyond ${few(hours.of)} hours, whoever else waits goes before you. A GPU that nobody waits for is lent to you all the same.`;

// How the person stands, asked again and again.
class Standing {
  constructor(app, documents, server, drawn) {
    Object.assign(this, { app, documents, server, drawn, own: server.settings.baseUrl.replace(/\/+$/, '').split('/').pop() });
    this.dialog = new Dialog('gpu');
    this.notices = new Map(); // what was told, and JupyterLab's id of it
    this.gpu = null;
    this.ahead = 0; // of the server's clock before this computer's, in milliseconds
    this.silent = 0;
  }

  start() {
    document.addEventListener('visibilitychange', () => !document.hidden && this.gpu && this.look());
    window.setInterval(() => this.gpu && this.drawn(), 5000);
    return this.look();
  }

  async look() {
    window.clearTimeout(this.timer);
    try {
      this.take(await this.server.ask('gpu'));
    } catch (error) {
      if (error.status === 404) {
        return; // this hub lends none
      }
      this.silent += 1;
      this.drawn();
    }
    window.clearTimeout(this.timer);
    this.timer = window.setTimeout(() => this.look(), this.gpu && this.gpu.state !== 'none' ? OFTEN_MS : SELDOM_MS);
  }

  take(gpu) {
    this.gpu = gpu;
    this.ahead = Date.parse(gpu.now) - Date.now() || 0;
    this.silent = 0;
    this.seenAt = this.now();
    this.tell(news(gpu));
    this.drawn();
  }

  now() {
    return Date.now() + this.ahead;
  }

  // What stands in the status bar; nothing where there is nothing to say.
  brief() {
    const found = this.gpu && brief(this.gpu, this.own, this.now());
    if (found && this.silent >= TIMES_SILENT) {
      return { ...found, text: `${found.text} (as of ${clock(this.seenAt)})` };
    }
    return found;
  }

  here() {
    return isHere(this.gpu, this.own);
  }

  // The course's GPU page; nothing of another host.
  page() {
    const place = new URL(this.gpu.page || '/courses/', window.location.href);
    return place.origin === window.location.origin ? place.href : '/courses/';
  }

  // What is new is told where the person works; what holds no more is taken away again.
  async tell(told) {
    const keys = told.map(one => one.key);
    [...this.notices].filter(([key]) => !keys.includes(key)).forEach(([key, id]) => {
      this.notices.delete(key);
      id.then(known => this.app.commands.execute('apputils:dismiss-notification', { id: known }));
    });
    told.filter(one => !this.notices.has(one.key) && !(one.kind === 'ended' && toldBefore(one.key))).forEach(one => {
      this.notices.set(one.key, this.app.commands.execute('apputils:notify', { message: one.short, ...this.manner(one.kind) }));
      notice(one.kind === 'offered' ? 'A GPU is yours' : 'Your GPU', one.whole, `gpu-${one.kind}`);
    });
  }

  manner(kind) {
    const action = kind === 'offered' ? { label: 'Open it', commandId: 'campushub:gpu-page' } : { label: 'Show', commandId: 'campushub:gpu' };
    return { type: kind === 'offered' ? 'success' : 'warning', options: { autoClose: false, actions: [{ ...action, args: {} }] } };
  }

  open(said = '', { wrong = false } = {}) {
    const { gpu } = this;
    const rows = facts(gpu, this.now()).flatMap(([what, much]) => [make('dt', {}, what), make('dd', {}, much)]);
    this.show(this.title(), [
      said && make('p', { role: wrong ? 'alert' : 'status', class: wrong && 'campushub-warned' }, make('strong', {}, said)),
      ...this.sentences(),
      make('dl', { class: 'campushub-facts' }, ...rows),
      gpu.hours && gpu.state !== 'offered' && share(gpu.hours)
    ], this.actions());
  }

  title() {
    const titles = { waiting: 'In the queue for a GPU', offered: 'A GPU is yours', none: 'You have no GPU now' };
    return titles[this.gpu.state] || (this.here() ? 'Your GPU' : 'The GPU in your other server');
  }

  sentences() {
    const { gpu } = this;
    const about = {
      none: gpu.ended ? [gpu.ended.sentence, gpu.ended.advice] : [],
      waiting: ['You may close this page: your place stays. When it is your turn, the GPU is kept for you for some minutes, '
        + 'and a notice comes up here.'],
      offered: ['Open it before that time, or it goes to the next person. It is a server of its own with the same files: '
        + 'save and close here the notebooks that you want to go on with there.'],
      active: this.here() ? [] : ['The notebooks on this page do not use it. Your GPU server has a page of its own; the GPU page leads there.']
    };
    const sentences = (about[gpu.state] || []).filter(Boolean);
    if (gpu.state === 'active' && gpu.warned) {
      const { at, sentence, advice } = gpu.warned;
      sentences.unshift(make('p', { class: 'campushub-warned' }, make('strong', {}, `It ends at ${clock(at)}. `), [sentence, advice].filter(Boolean).join(' ')));
    }
    if (gpu.state === 'active' && !gpu.renewable) {
      sentences.push('It cannot be renewed now: others wait for a GPU, or a class needs it next.');
    }
    return sentences;
  }

  // The first is the one that Enter means: never the one that ends something.
  actions() {
    const { gpu } = this;
    const here = this.here();
    const active = gpu.state === 'active';
    const button = (label, act) => make('button', { type: 'button', onclick: act }, label);
    const found = [
      active && gpu.renewable && button('Renew', () => this.renew()),
      !here && make('a', { href: this.page(), target: '_blank', rel: 'noopener' }, gpu.state === 'offered' ? 'Open it' : 'GPU page'),
      here && active && button('Hand back now …', () => this.confirm()),
      mayAsk() && (active || gpu.state === 'waiting') && button('Notify me in other tabs too', () => ask().then(() => this.open()))
    ].filter(Boolean);
    const close = button('Close', () => this.dialog.close());
    return here && !gpu.renewable ? [close, ...found] : [...found, close];
  }

  async renew() {
    try {
      this.take(await this.server.ask('gpu/renew', {}));
      this.open(`Renewed: it is yours until ${clock(this.gpu.until)}.`);
    } catch (error) {
      this.open(error.message, { wrong: true });
    }
  }

  confirm() {
    this.show('Hand the GPU back now?', [
      'Open notebooks are saved first, and your files stay. What runs here ends, and what Python holds in memory is lost.',
      'Whoever waits gets it next.'
    ], [
      make('button', { type: 'button', onclick: () => this.dialog.close() }, 'Keep it'),
      make('button', { type: 'button', onclick: () => this.handBack() }, 'Save and hand back')
    ]);
  }

  async handBack() {
    this.dialog.close(); // JupyterLab may have a question of its own about what it saves
    try {
      await saveOpen(this.app, this.documents);
      await this.end();
    } catch (error) {
      this.open(error.message, { wrong: true });
      return;
    }
    window.location.assign(this.page());
  }

  // The server may be gone before it has answered; only a refusal says that nothing was done.
  async end() {
    try {
      await this.server.ask('gpu/return', {});
    } catch (error) {
      if (error.status === 409) {
        throw error;
      }
    }
  }

  show(title, parts, actions) {
    this.dialog.close();
    this.dialog.show(title, title, parts.filter(Boolean), actions);
  }
}

// Whether an end was told already, on whichever page; it is from now on.
function toldBefore(key) {
  try {
    const before = window.localStorage.getItem(TOLD) === key;
    window.localStorage.setItem(TOLD, key);
    return before;
  } catch (error) {
    return false; // a browser that keeps nothing
  }
}

// The words in JupyterLab's status bar; at the top where there is no such bar.
function place(app, bar, widgets, signaling) {
  const widget = new widgets.Widget();
  const changed = new signaling.Signal(widget);
  let shown = false;
  widget.id = 'campushub-gpu';
  widget.addClass('campushub-gpu');
  const button = make('button', { type: 'button', 'aria-haspopup': 'dialog', title: 'Your GPU: more, renew, hand back',
    onclick: () => app.commands.execute('campushub:gpu') });
  const spoken = make('span', { class: 'campushub-spoken', role: 'status', 'aria-live': 'polite' });
  widget.node.append(button, spoken);
  widget.hide();
  if (bar) {
    bar.registerStatusItem('campushub-lab:gpu', { item: widget, align: 'right', rank: 50, priority: 1, isActive: () => shown, activeStateChanged: changed });
  } else {
    app.shell.add(widget, 'top', { rank: 900 });
  }
  return found => {
    const { text = '', spoken: aloud = '', look = '' } = found || {};
    [[button, text], [spoken, aloud]].filter(([node, words]) => node.textContent !== words).forEach(([node, words]) => (node.textContent = words));
    widget.toggleClass('campushub-warning', look === 'warning');
    widget.toggleClass('campushub-ready', look === 'ready');
    if (shown !== Boolean(found)) {
      shown = Boolean(found);
      widget.setHidden(!shown);
      changed.emit();
    }
  };
}

export const makeGpuPlugin = ({ widgets, services, documents, menus, apputils, statusbar, signaling }) => ({
  id: 'campushub-lab:gpu',
  description: 'Says which GPU the person has and until when; renews it, hands it back.',
  autoStart: true,
  requires: [documents.IDocumentManager],
  optional: [menus.IMainMenu, apputils.ICommandPalette, statusbar.IStatusBar],
  activate: (app, manager, menu, palette, bar) => {
    document.head.append(make('style', {}, STYLE));
    const standing = new Standing(app, manager, new Server(services), () => draw(standing.brief()));
    const draw = place(app, bar, widgets, signaling);
    const command = 'campushub:gpu';
    app.commands.addCommand(command, { label: 'Your GPU', isVisible: () => Boolean(standing.gpu), execute: () => standing.gpu && standing.open() });
    app.commands.addCommand('campushub:gpu-page', { label: 'GPU Page', isVisible: () => Boolean(standing.gpu),
      execute: () => standing.gpu && window.open(standing.page(), '_blank', 'noopener') });
    [command, 'campushub:gpu-page'].forEach(one => palette && palette.addItem({ command: one, category: 'Help' }));
    if (menu) {
      menu.helpMenu.addGroup([{ command }], 1);
    }
    app.restored.then(() => standing.start());
  }
});
