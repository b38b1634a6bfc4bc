// The assignments panel. Every text goes into the page as text, never as markup; every answer of the server is a sentence.

import { Dialog } from './dialog.js';
import { saveOpen } from './documents.js';
import { few, make } from './dom.js';
import { result } from './result.js';
import { Server } from './server.js';
import { left, when } from './times.js';

const STYLE = `
.campushub-panel { background: var(--jp-layout-color1); color: var(--jp-ui-font-color1); overflow: auto; padding: 12px;
  font-size: var(--jp-ui-font-size1); line-height: 1.45; }
.campushub-panel h2 { font-size: var(--jp-ui-font-size2); margin: 0 0 8px; }
.campushub-panel h3 { font-size: var(--jp-ui-font-size1); margin: 0; font-weight: 600; overflow-wrap: anywhere; }
.campushub-panel section { border-top: 1px solid var(--jp-border-color1); padding: 12px 0; }
.campushub-panel p { margin: 4px 0; overflow-wrap: anywhere; }
.campushub-panel button { font: inherit; color: var(--jp-ui-font-color1); background: var(--jp-layout-color2);
  border: 1px solid var(--jp-border-color1); border-radius: 3px; padding: 3px 9px; margin: 4px 4px 0 0; cursor: pointer; }
.campushub-panel button.campushub-main { background: #1d4ed8; border-color: #1d4ed8; color: #fff; }
.campushub-panel button:disabled { opacity: .6; cursor: default; }
.campushub-panel button:focus-visible, .campushub-panel a:focus-visible { outline: 3px solid #f59e0b; outline-offset: 1px; }
.campushub-panel a { color: var(--jp-content-link-color, #1d4ed8); }
.campushub-panel .campushub-told { border-left: 4px solid #15803d; padding: 4px 8px; background: var(--jp-layout-color2); }
.campushub-panel .campushub-told.campushub-wrong { border-left-color: #b91c1c; }
.campushub-panel .campushub-announcement { border-left-color: #b45309; white-space: pre-line; }
.campushub-panel .campushub-receipt { font-size: var(--jp-ui-font-size0); }
.campushub-panel code, .campushub-panel pre { font-family: var(--jp-code-font-family); font-size: 11px; white-space: pre-wrap;
  overflow-wrap: anywhere; margin: 2px 0; }
`;

const WAITING_MS = 1000; // between looks while something is being graded
const PRESSED_MS = 100; // between looks whether a button was let go

// Of which assignment something in the panel is, and what it is there, in words that hold when it is made anew.
const part = node => node.closest('section')?.getAttribute('aria-label');
const place = node => `${part(node)} ${node.getAttribute('aria-label') || node.textContent}`;

// One press of Submit, known to the service however often it is sent. On plain http there is no crypto.randomUUID.
const press = () => [...crypto.getRandomValues(new Uint8Array(16))].map(byte => byte.toString(16).padStart(2, '0')).join('');

class Panel {
  constructor(app, documents, server, node) {
    Object.assign(this, { app, documents, server, node });
    this.dialog = new Dialog('submit');
    this.messages = {};
    this.seen = new Set();
    this.presses = {};
    this.unfolded = [];
    this.focused = '';
    this.busy = '';
    this.course = null;
    this.turn = 0;
  }

  // Only the newest question's answer counts: an older one may be of before a submission.
  async refresh() {
    this.turn += 1;
    const { turn } = this;
    const [course, trouble] = await this.server.ask('assignments').then(told => [told, ''], error => [this.course, error.message]);
    if (turn !== this.turn) {
      return;
    }
    Object.assign(this, { course, trouble });
    if (!trouble) {
      this.ahead = Date.parse(course.now) - Date.now() || 0; // of the server's clock before this computer's
      this.tell(course.announcement);
      this.opened(this.app.shell.currentWidget); // what JupyterLab has opened again was there before its course was known
    }
    this.draw();
    window.clearTimeout(this.soon);
    if (course && course.assignments.some(one => one.waits)) {
      this.soon = window.setTimeout(() => this.busy || this.refresh(), WAITING_MS);
    }
  }

  // What is new is told wherever the person works; what was there at the start stands in the panel.
  tell(announcement) {
    const number = announcement ? announcement.number : 0;
    if (announcement && this.told !== undefined && number !== this.told) {
      this.app.commands.execute('apputils:notify', { message: `Announcement: ${announcement.text}`, type: 'warning',
        options: { autoClose: false } });
    }
    this.told = number;
  }

  // Asked of the service itself, not of the person's server, so that looking does not keep an unused server alive.
  async look(course) {
    const { turn } = this;
    const answer = await fetch(`/courses/${course}/announcement`, { redirect: 'error' }).catch(() => null);
    const found = answer && answer.ok ? await answer.json().catch(() => null) : null;
    if (found && turn === this.turn && (found.number || 0) !== this.told) {
      this.course.announcement = found.number ? found : null;
      this.tell(this.course.announcement);
      this.draw();
    }
  }

  // The countdowns, by the server's clock; when a date has passed, what may be done now is asked again.
  tick() {
    let passed = false;
    this.node.querySelectorAll('[data-until]').forEach(place => {
      const text = left((Date.parse(place.dataset.until) - Date.now() - this.ahead) / 1000);
      passed = passed || (!text && place.textContent !== '');
      place.textContent = text;
    });
    if (passed && !this.busy) {
      this.refresh();
    }
  }

  // Everything is made anew, but what had the focus has it again. A button that is replaced while it is pressed gets no click.
  draw() {
    window.clearTimeout(this.later);
    if (this.node.matches(':active')) {
      this.later = window.setTimeout(() => this.draw(), PRESSED_MS);
      return;
    }
    const before = document.activeElement;
    if (this.node.contains(before)) {
      this.focused = place(before);
    } else if (before !== document.body) {
      this.focused = '';
    }
    this.unfolded = [...this.node.querySelectorAll('details[open]')].map(part);
    this.node.replaceChildren(...this.parts());
    const after = this.focused && [...this.node.querySelectorAll('button:enabled, a, summary')].find(one => place(one) === this.focused);
    if (after) {
      after.focus({ preventScroll: true });
      this.focused = '';
    }
    this.tick();
  }

  parts() {
    const head = make('h2', {}, this.course ? `${this.course.title}: assignments` : 'Assignments');
    const again = make('button', { onclick: () => this.refresh(), type: 'button' }, 'Look again');
    const parts = [head];
    if (this.trouble) {
      parts.push(make('p', { class: 'campushub-told campushub-wrong', role: 'alert' }, this.trouble));
    }
    if (this.course && this.course.announcement) {
      parts.push(make('div', { class: 'campushub-told campushub-announcement', role: 'status' },
        make('p', {}, make('strong', {}, 'Announcement'), ` ${when(this.course.announcement.at)}`),
        make('p', {}, this.course.announcement.text)));
    }
    if (this.course && !this.course.assignments.length) {
      parts.push(make('p', {}, 'Nothing is handed out yet.'));
    }
    (this.course ? this.course.assignments : []).forEach(one => parts.push(this.drawOne(one)));
    parts.push(make('section', {}, again, ' ', make('a', { href: '/courses/', target: '_blank' }, 'My courses'), ' · ',
      make('a', { href: `${this.server.settings.baseUrl}campushub/archive`, download: true }, 'Download all my work')));
    return parts;
  }

  drawOne(one) {
    const button = (label, verb, main) =>
      make('button', { type: 'button', class: main ? 'campushub-main' : undefined, disabled: Boolean(this.busy),
        'aria-label': `${label} ${one.name}`, onclick: () => this.act(one, verb) },
        this.busy === `${verb} ${one.name}` ? `${label} …` : label);
    const actions = one.opened ? [button(one.fetched ? 'Fetch missing files' : 'Fetch', 'fetch', !one.fetched)] : [];
    if (one.fetched) {
      actions.unshift(button('Open', 'open'), button('Validate', 'validate'));
    }
    if (one.fetched && !one.why_not) {
      actions.splice(2, 0, button('Submit', 'submit', true));
    }
    if (one.feedback.length) {
      actions.push(button('Fetch feedback', 'feedback'));
    }
    return make('section', { 'aria-label': one.name }, make('h3', {}, one.name), this.due(one), make('p', {}, `${this.state(one)}${this.attempts(one)}`),
      one.why_not && make('p', { class: 'campushub-told campushub-wrong' }, one.why_not), ...actions, this.message(one), result(one), this.receipt(one));
  }

  due(one) {
    const closes = one.closes && one.closes !== one.due ? ` Taken until ${when(one.closes)}.` : '';
    const clock = one.late_now ? make('strong', {}, one.why_not ? '' : 'It is late now.') : make('span', { 'data-until': one.due || undefined });
    const extended = one.extended && make('p', {}, make('strong', {}, `Extended for you until ${when(one.extended)}.`));
    const rule = `${one.late_words}${closes}`.trim();
    return make('div', {}, make('p', {}, `Due: ${when(one.due)}`, one.due && make('br'), clock), extended, rule && make('p', {}, rule));
  }

  attempts(one) {
    const next = one.attempts && !one.why_not ? ` Next: attempt ${one.attempt} of ${one.attempts}.` : '';
    const counting = one.receipts.find(receipt => receipt.counts);
    return `${one.receipts.length > 1 && counting ? `. Attempt ${counting.attempt} counts` : ''}.${next}`;
  }

  state(one) {
    const back = one.feedback[one.feedback.length - 1];
    const last = one.receipts[one.receipts.length - 1];
    const lost = back && back.lost ? `, ${few(back.lost)} lost by being late` : '';
    const graded = back ? `Graded: ${few(back.score)} of ${few(back.max_score)}${lost} (attempt ${back.attempt})` : '';
    if (last && !(back && back.attempt === last.attempt)) {
      return `Submitted ${last.late ? 'late' : 'on time'}, attempt ${last.attempt}${graded ? `. ${graded}` : ''}`;
    }
    if (graded) {
      return graded;
    }
    return one.fetched ? `Fetched into ${one.folder}; not submitted yet` : 'Not fetched yet';
  }

  message(one) {
    const told = this.messages[one.name];
    if (!told) {
      return null;
    }
    const box = make('div', { class: `campushub-told${told.wrong ? ' campushub-wrong' : ''}`, role: told.wrong ? 'alert' : 'status' },
      make('p', {}, told.text));
    (told.remarks || []).forEach(remark => box.append(make('p', {}, remark)));
    (told.details || []).forEach(detail => box.append(make('pre', {}, detail)));
    return box;
  }

  receipt(one) {
    const receipt = one.receipts[one.receipts.length - 1];
    if (!receipt) {
      return null;
    }
    return make('details', { class: 'campushub-receipt', open: this.unfolded.includes(one.name) },
      make('summary', {}, `Receipt: ${when(receipt.at)}, ${receipt.late ? 'late' : 'on time'}, attempt ${receipt.attempt}`),
      ...(receipt.remarks || []).map(remark => make('p', {}, remark)),
      ...receipt.files.map(file => make('p', {}, `${file.path}, ${file.size} bytes, SHA-256 `, make('code', {}, file.sha256))),
      make('a', { href: `/courses/receipts/${receipt.submission}`, target: '_blank' }, 'Keep this receipt: its own page'));
  }

  async act(one, verb) {
    if (this.busy) {
      return;
    }
    this.busy = `${verb} ${one.name}`;
    delete this.messages[one.name];
    this.draw();
    try {
      this.messages[one.name] = await this[verb](one);
    } catch (error) {
      this.messages[one.name] = { text: error.message, wrong: true };
    }
    this.busy = '';
    await this.refresh();
  }

  async open(one) {
    await this.app.commands.execute('filebrowser:go-to-path', { path: one.folder, dontShowBrowser: true });
    const notebook = one.files.find(file => file.path.endsWith('.ipynb'));
    if (notebook) {
      await this.app.commands.execute('docmanager:open', { path: `${one.folder}/${notebook.path}` });
    }
    return null;
  }

  async fetch(one) {
    const told = await this.server.ask('fetch', { name: one.name });
    const text = told.new.length ? `Fetched into ${told.folder}: ${told.new.join(', ')}` : 'Every file is there; nothing was changed.';
    await this.open({ ...one, folder: told.folder });
    return { text };
  }

  // Whoever teaches sees who has begun: told once for each assignment and page.
  opened(widget) {
    const path = widget?.context?.path || '';
    const one = (this.course ? this.course.assignments : []).find(known => path.endsWith('.ipynb') && path.startsWith(`${known.folder}/`));
    if (one && !this.seen.has(one.name)) {
      this.seen.add(one.name);
      this.server.ask('opened', { name: one.name }).catch(() => this.seen.delete(one.name));
    }
  }

  async validate(one) {
    await this.save(one);
    const told = await this.server.ask('validate', { name: one.name });
    const failed = told.notebooks.flatMap(notebook => notebook.failed || []);
    return {
      wrong: told.notebooks.some(notebook => !notebook.ok),
      text: told.notebooks.map(notebook => `${notebook.notebook}: ${notebook.message}`).join(' '),
      details: failed.map(test => `${test.source}\n${test.error}`)
    };
  }

  // A press whose answer is lost is the same one when it is sent again, until a receipt has come.
  async submit(one) {
    await this.save(one);
    const wanted = { name: one.name, press: this.presses[one.name] || press() };
    this.presses[one.name] = wanted.press;
    let receipt;
    try {
      receipt = await this.server.ask('submit', wanted);
    } catch (error) {
      if (!error.told || !error.told.missing) {
        throw error;
      }
      if (!(await this.agreed(error.told))) {
        return { text: 'Nothing was submitted.' };
      }
      receipt = await this.server.ask('submit', { ...wanted, confirmed: true });
    }
    delete this.presses[one.name];
    const count = receipt.files.length === 1 ? '1 file' : `${receipt.files.length} files`;
    const notebooks = files => files.filter(file => file.path.endsWith('.ipynb')).length;
    const expected = notebooks(one.files) > 1 ? `, ${notebooks(receipt.files)} of ${notebooks(one.files)} notebooks` : '';
    const most = receipt.attempts ? ` of ${receipt.attempts}` : '';
    return { text: `Submitted: attempt ${receipt.attempt}${most}, ${count}${expected}, ${when(receipt.at)}, ${receipt.late ? 'late' : 'on time'}.`,
      remarks: receipt.remarks };
  }

  // What was handed in is not whole: the person says whether it counts all the same. Leaving the dialog is no.
  agreed({ missing, changed, lost, remarks }) {
    const list = (sentence, names) => (names.length
      ? [sentence, make('ul', {}, ...names.map(name => make('li', {}, name)))] : []);
    const each = cells => Object.entries(cells).map(([path, ids]) => `${path}: ${ids.join(', ')}`);
    const it = missing.length === 1 ? 'it' : 'them';
    const sentences = [
      ...list(missing.length === 1 ? 'This notebook is missing:' : 'These notebooks are missing:', missing),
      ...list('These test or locked cells were changed or are missing; they count as they were handed out:', each(changed)),
      ...list('These cells for answers are missing:', each(lost)),
      ...list('Also:', remarks)
    ];
    return new Promise(decide => {
      const answer = yes => () => {
        this.dialog.close('submit');
        decide(yes);
      };
      this.dialog.show('submit', missing.length ? `Submit without ${it}?` : 'Submit all the same?', sentences, [
        make('button', { type: 'button', onclick: answer(false) }, 'Do not submit'),
        make('button', { type: 'button', onclick: answer(true) }, missing.length ? `Submit without ${it}` : 'Submit')
      ], answer(false));
    });
  }

  save(one) {
    return saveOpen(this.app, this.documents, path => path.startsWith(`${one.folder}/`));
  }

  async feedback(one) {
    const told = await this.server.ask('feedback', { name: one.name });
    await this.app.commands.execute('docmanager:open', { path: told.files[told.files.length - 1], factory: 'HTML Viewer' });
    return { text: `Feedback is in ${told.files.join(', ')}` };
  }
}

export const makePlugin = ({ widgets, services, documents }) => ({
  id: 'campushub-lab:assignments',
  description: 'Fetch, validate and submit assignments; see receipts and feedback.',
  autoStart: true,
  requires: [documents.IDocumentManager],
  activate: (app, manager) => {
    document.head.append(make('style', {}, STYLE));
    const widget = new widgets.Widget();
    widget.id = 'campushub-assignments';
    widget.addClass('campushub-panel');
    widget.title.label = 'Assignments';
    widget.title.caption = 'Assignments: fetch, validate, submit';
    widget.node.setAttribute('role', 'region');
    widget.node.setAttribute('aria-label', 'Assignments');
    const panel = new Panel(app, manager, new Server(services), widget.node);
    app.shell.add(widget, 'left', { rank: 150 });
    panel.draw();
    app.restored.then(() => {
      panel.refresh();
      app.shell.activateById(widget.id);
    });
    app.shell.currentChanged.connect((shell, change) => panel.opened(change.newValue));
    window.setInterval(() => widget.isVisible && !panel.busy && panel.refresh(), 60000);
    window.setInterval(() => widget.isVisible && panel.tick(), 1000);
    window.setInterval(() => panel.course && !panel.busy && panel.look(panel.course.course), 30000);
  }
});
