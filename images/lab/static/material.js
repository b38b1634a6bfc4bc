// What changed in the course's material: told once in a notice, listed in a dialog that stays reachable from the Help menu.
// Every text goes into the page as text, never as markup.

import { Dialog } from './dialog.js';
import { make } from './dom.js';
import { Server } from './server.js';
import { when } from './times.js';

const SHORT = 20; // letters of a name in a notice, which JupyterLab cuts at 140
const COMMAND = 'campushub:material';
const STYLE = `
.campushub-material h3 { margin: 14px 0 0; font-size: 16px; }
.campushub-material button { font: inherit; padding: 0; border: 0; color: #17457a; background: none; text-align: left; text-decoration: underline;
  overflow-wrap: anywhere; cursor: pointer; }
.campushub-material button:focus-visible { outline: 3px solid #e08a00; outline-offset: 2px; }
.campushub-material { max-height: 60vh; overflow: auto; }
`;

const short = name => (name.length > SHORT ? `${name.slice(0, SHORT - 1)}…` : name);
const sum = (pulls, name) => pulls.reduce((all, one) => all + one.counts[name], 0);

// One sentence or two for all pulls that the person was not told of yet.
export const brief = pulls => {
  const folders = [...new Set(pulls.map(one => one.folder))];
  const where = folders.length === 1 ? `New in ${short(folders[0])}` : `New in ${folders.length} folders`;
  const counted = [['new', 'new'], ['changed', 'changed'], ['removed', 'removed']]
    .map(([name, word]) => [sum(pulls, name), word]).filter(([number]) => number).map(([number, word]) => `${number} ${word}`);
  const kept = sum(pulls, 'kept');
  const missing = pulls.flatMap(one => one.missing);
  return [
    counted.length ? `${where}: ${counted.join(', ')}.` : kept ? `${where}.` : '',
    kept ? `${kept} that you changed too stay${kept === 1 ? 's' : ''} yours.` : '',
    missing.length ? `Not here: ${short(missing[0])}${missing.length > 1 ? ' and more' : ''}.` : ''
  ].filter(Boolean).join(' ');
};

class Material {
  constructor(app, server) {
    Object.assign(this, { app, server, dialog: new Dialog('material'), pulls: [] });
  }

  async look() {
    this.pulls = (await this.server.ask('material')).pulls;
    return this.pulls;
  }

  async begin() {
    const fresh = (await this.look().catch(() => [])).filter(one => !one.told);
    if (!fresh.length) {
      return;
    }
    const actions = [{ label: 'What changed', commandId: COMMAND, args: {} }];
    await this.app.commands.execute('apputils:notify', { message: brief(fresh), type: 'info', options: { autoClose: false, actions } });
    const newest = new Map(fresh.map(one => [one.folder, one.id]).reverse());
    await Promise.all([...newest.values()].map(told => this.server.ask('material', { told })));
  }

  async open() {
    try {
      await this.look();
    } catch (error) {
      this.show([error.message]);
      return;
    }
    const nothing = 'Nothing has changed since the material came into your home.';
    this.show(this.pulls.length ? [make('div', { class: 'campushub-material' }, ...this.pulls.flatMap(one => this.told(one)))] : [nothing]);
  }

  show(parts) {
    const close = make('button', { type: 'button', onclick: () => this.dialog.close() }, 'Close');
    this.dialog.close();
    this.dialog.show('material', 'What changed in the material', parts, [close]);
  }

  told(pull) {
    const list = (title, name, item) => {
      const rest = pull.counts[name] - pull[name].length;
      const rows = pull[name].map(one => make('li', {}, ...item(one)));
      return rows.length ? [make('p', {}, title), make('ul', {}, ...rows, rest > 0 ? make('li', {}, `and ${rest} more`) : null)] : [];
    };
    const link = path => [this.link(pull.folder, path)];
    return [
      make('h3', {}, `${pull.folder}, ${when(pull.when)}`),
      ...list('You changed these files and the course did too. Yours stay as they are:', 'kept', ([path, beside]) => (beside
        ? [this.link(pull.folder, path), ' – the course’s version is ', this.link(pull.folder, beside)]
        : [this.link(pull.folder, path), ' – the course has removed it'])),
      ...list('New:', 'new', link),
      ...list('Changed:', 'changed', link),
      ...list('Removed by the course:', 'removed', path => [path]),
      ...list('Not brought, since this machine has no copy of it; tell your instructor:', 'missing', path => [path])
    ];
  }

  link(folder, path) {
    const open = () => {
      this.dialog.close();
      this.app.commands.execute('docmanager:open', { path: `${folder}/${path}` });
    };
    return make('button', { type: 'button', onclick: open }, path);
  }
}

export const makeMaterialPlugin = ({ services, menus, apputils }) => ({
  id: 'campushub-lab:material',
  description: "Says what changed in the course's material.",
  autoStart: true,
  requires: [menus.IMainMenu],
  optional: [apputils.ICommandPalette],
  activate: (app, menu, palette) => {
    document.head.append(make('style', {}, STYLE));
    const material = new Material(app, new Server(services));
    app.commands.addCommand(COMMAND, { label: 'What Changed in the Material', execute: () => material.open() });
    menu.helpMenu.addGroup([{ command: COMMAND }], 0);
    if (palette) {
      palette.addItem({ command: COMMAND, category: 'Help' });
    }
    app.restored.then(() => material.begin());
  }
});
