// What rescue mode has found, at the top of JupyterLab. Every text goes into the page as text, never as markup.

import { make } from './dom.js';

const STYLE = `
.campushub-rescue { max-height: 45vh; overflow: auto; padding: 10px 16px; border-bottom: 3px solid #b45309; color: #1c2430; background: #fff7e6;
  font: 14px/1.5 system-ui, sans-serif; }
.campushub-rescue h2 { margin: 0; font-size: 16px; }
.campushub-rescue p { margin: 4px 0; overflow-wrap: anywhere; }
.campushub-rescue table { border-collapse: collapse; }
.campushub-rescue td { padding: 2px 16px 2px 0; overflow-wrap: anywhere; }
.campushub-rescue a { color: #17457a; }
.campushub-rescue button { font: inherit; padding: 1px 10px; border: 1px solid #8692a3; border-radius: 4px; color: #1c2430; background: #fff; cursor: pointer; }
.campushub-rescue :focus-visible { outline: 3px solid #e08a00; outline-offset: 2px; }
`;

const size = bytes => (bytes >= 1e9 ? `${(bytes / 1e9).toFixed(1)} GB` : `${(bytes / 1e6).toFixed(1)} MB`);

// What rescue mode says at the top: what is in the way, what takes the room, how to get out again.
export class RescueNote {
  constructor(session, node, drawn) {
    Object.assign(this, { session, node, drawn, state: null, message: '' });
  }

  async show(rescue) {
    document.head.append(make('style', {}, STYLE));
    this.why = rescue.why;
    this.draw();
    await this.change('rescue');
  }

  async change(verb, data) {
    try {
      this.state = await this.session.server.ask(verb, data);
      this.message = '';
    } catch (error) {
      this.message = error.message;
    }
    this.draw();
  }

  draw() {
    const say = text => make('p', {}, text);
    const parts = [make('h2', {}, 'Rescue mode'), ...this.why.map(say)];
    if (this.wasFull && !this.state.full) {
      parts.push(make('p', { role: 'status' }, make('strong', {}, 'There is room again.')));
    }
    if (this.state) {
      this.wasFull = this.wasFull || this.state.full;
      parts.push(this.files());
    }
    if (this.message) {
      parts.push(make('p', { role: 'alert' }, this.message));
    }
    parts.push(make('p', {}, 'When you are done: ', make('a', { href: this.session.page() }, 'close the notebooks and open them again'), '.'));
    this.node.replaceChildren(...parts);
    this.drawn();
  }

  files() {
    const rows = this.state.largest.map(one => make('tr', {},
      make('td', {}, one.path + (one.folder ? ' (all that is in it)' : '')), make('td', {}, size(one.size)),
      make('td', {}, make('button', { type: 'button', 'aria-label': `Delete ${one.path}`, onclick: () => this.remove(one) }, 'Delete'))));
    const inside = rows.length ? make('table', {}, make('tbody', {}, ...rows)) : make('p', {}, 'No large file was found.');
    const details = make('details', { open: this.state.full || this.wasFull }, make('summary', {}, 'The largest files in your home'), inside);
    details.ontoggle = () => this.drawn();
    return details;
  }

  remove(one) {
    if (window.confirm(`Delete '${one.path}' (${size(one.size)})? It cannot be brought back.`)) {
      this.change('rescue', { path: one.path });
    }
  }
}
