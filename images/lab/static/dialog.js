// A question or message over everything else. Every text goes into the page as text, never as markup.

import { make } from './dom.js';

const STYLE = `
.campushub-dialog { max-width: 32rem; padding: 20px 24px; border: 1px solid #8692a3; border-radius: 8px; color: #1c2430; background: #fff;
  font: 16px/1.5 system-ui, sans-serif; }
.campushub-dialog::backdrop { background: rgb(0 0 0 / 45%); }
.campushub-dialog h2 { margin: 0 0 8px; font-size: 20px; }
.campushub-dialog p { margin: 8px 0; overflow-wrap: anywhere; }
.campushub-dialog ul { margin: 4px 0 8px; padding-left: 20px; overflow-wrap: anywhere; }
.campushub-actions { display: flex; flex-wrap: wrap; gap: 10px; margin-top: 16px; }
.campushub-dialog .campushub-actions > * { font: inherit; font-weight: 600; padding: 8px 18px; border-radius: 6px; border: 2px solid #17457a; color: #17457a;
  background: #fff; text-decoration: none; cursor: pointer; }
.campushub-dialog .campushub-actions > :first-child { color: #fff; background: #17457a; }
.campushub-actions > :focus-visible { outline: 3px solid #e08a00; outline-offset: 2px; }
`;

// One question or message at a time, over everything else. `name` tells one dialog of a page from another.
export class Dialog {
  constructor(name) {
    document.head.append(make('style', {}, STYLE));
    this.title = `campushub-${name}-title`;
    this.node = make('dialog', { class: 'campushub-dialog', 'aria-labelledby': this.title });
    document.body.append(this.node);
    this.about = '';
  }

  show(about, title, sentences, actions, dismissed = () => {}) {
    if (this.about === about) {
      return;
    }
    this.close();
    this.about = about;
    this.node.oncancel = dismissed;
    this.node.onclose = () => this.node.open || (this.about = ''); // told late, when the next question may stand already
    this.node.replaceChildren(make('h2', { id: this.title }, title), ...sentences.map(one => (typeof one === 'string' ? make('p', {}, one) : one)),
      make('div', { class: 'campushub-actions' }, ...actions));
    this.node.showModal();
  }

  close(about = this.about) {
    if (this.about && this.about === about) {
      this.about = '';
      this.node.close();
    }
  }
}
