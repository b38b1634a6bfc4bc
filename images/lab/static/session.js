// The session of an open page: tells the server that somebody is there, asks before it ends, says why it ended. Knows
// nothing of notebooks. Every text goes into the page as text, never as markup.

import { Dialog } from './dialog.js';
import { make } from './dom.js';
import { notice } from './notice.js';
import { RescueNote } from './rescue.js';
import { Server } from './server.js';
import { clock } from './times.js';

const ACTS = ['pointerdown', 'pointermove', 'keydown', 'wheel', 'touchstart'];
const AGAIN_MS = 5000;
const LONGEST_MS = 30000; // that a question may take: after one without an end there would be no other
const NEARLY_ALL = 0.85; // of the memory
const TIMES_SILENT = 2; // questions without an answer, after which the hub is asked why

const limit = () => AbortSignal.timeout?.(LONGEST_MS);

export class Session {
  constructor(server) {
    this.server = server;
    this.dialog = new Dialog('session');
    this.silent = 0;
    this.asked = 0; // questions so far: only the newest one's answer counts
    this.toldAt = 0;
    this.moved = false;
    this.tellEvery = 60000;
    this.title = '';
    this.stays = false;
    this.news = null;
    this.onRescue = () => {};
    this.onMemory = () => {};
  }

  start() {
    ACTS.forEach(name => document.addEventListener(name, () => this.acted(), { capture: true, passive: true }));
    document.addEventListener('visibilitychange', () => !document.hidden && this.look());
    this.tell();
  }

  // Whoever moves while the question stands has not answered it yet.
  acted() {
    this.moved = true;
    if (this.dialog.about !== 'asked' && Date.now() - this.toldAt >= this.tellEvery) {
      this.tell();
    }
  }

  tell() {
    this.moved = false;
    this.toldAt = Date.now();
    return this.hear('here', {});
  }

  look() {
    return this.moved && this.dialog.about !== 'asked' ? this.tell() : this.hear('session');
  }

  async hear(verb, data) {
    window.clearTimeout(this.timer);
    this.asked += 1;
    const { asked, toldAt } = this;
    let wait = AGAIN_MS;
    try {
      const news = await this.server.ask(verb, data, { signal: limit() });
      if (asked !== this.asked) {
        return;
      }
      wait = this.heard(news);
    } catch (error) {
      this.moved = this.moved || (verb === 'here' && toldAt === this.toldAt); // nobody has heard it: told with the next look
      if (asked !== this.asked) {
        return;
      }
      await this.unheard();
    }
    window.clearTimeout(this.timer);
    this.timer = window.setTimeout(() => this.look(), wait);
  }

  // In how many milliseconds to ask again.
  heard(news) {
    this.silent = 0;
    this.stays = false;
    this.dialog.close('ended');
    this.take(news);
    return news.use ? Math.min(news.use.news_in * 1000, this.moved ? this.tellEvery : Infinity) : 30000;
  }

  async unheard() {
    this.silent += 1;
    if (this.silent >= TIMES_SILENT) {
      await this.lost();
    }
  }

  take(news) {
    const first = this.news === null;
    this.news = news;
    if (first && news.rescue) {
      this.onRescue(news.rescue);
    }
    this.watchMemory(news.memory);
    if (news.python_dies) {
      this.tellPythonDies();
    }
    if (!news.use) {
      return;
    }
    this.tellEvery = news.use.tell_every * 1000;
    if (news.use.asked) {
      this.question(news.use.ends_at);
    } else {
      this.answered();
    }
  }

  question(endsAt) {
    const here = () => {
      this.dialog.close('asked');
      this.answered();
      this.tell();
    };
    if (this.dialog.about !== 'asked') {
      notice('Are you still there?', `Your notebooks end at ${clock(endsAt)} unless you answer.`, 'asked');
    }
    this.dialog.show('asked', 'Are you still there?', [
      `Nobody has used these notebooks for a while. This server ends at ${clock(endsAt)}, so that others have room. Files that are saved stay.`
    ], [make('button', { type: 'button', onclick: here }, 'I am here')], here);
    if (!this.title) {
      this.title = document.title;
    }
    document.title = `Are you still there? Ends at ${clock(endsAt)}`;
  }

  answered() {
    this.dialog.close('asked');
    if (this.title) {
      document.title = this.title;
      this.title = '';
    }
  }

  page(back) {
    const name = this.news && this.news.server ? this.news.server : this.server.name();
    const course = this.news && this.news.course ? this.news.course : name.replace(/^(grade|gpu)-/, '');
    const next = back ? `&next=${encodeURIComponent(window.location.pathname)}` : '';
    return `/courses/${encodeURIComponent(course)}/server?name=${encodeURIComponent(name)}${next}`;
  }

  // The server does not answer: the hub knows whether it has ended, and why.
  async lost() {
    let told;
    try {
      // A mode that JupyterHub takes from a page without the form's token; on the same host the answer can be read.
      const answer = await window.fetch(this.page(), { mode: 'no-cors', headers: { Accept: 'application/json' }, signal: limit() });
      told = await answer.json();
    } catch (error) {
      return; // no network, or CampusHub starts anew: there is nothing to say yet
    }
    if (told.state !== 'closed' || this.stays) {
      return;
    }
    const stay = () => {
      this.stays = true;
      this.dialog.close('ended');
    };
    this.answered();
    this.dialog.show('ended', 'Your notebook server has ended', [
      told.why || 'It was closed, here or in another window.',
      told.advice,
      'What is on this page and is not saved stays here as long as the page is open.'
    ].filter(Boolean), [
      make('a', { href: this.page(true) }, 'Why, and open again'),
      make('button', { type: 'button', onclick: stay }, 'Stay on this page')
    ], stay);
  }

  // Told once, and again only after it was less.
  watchMemory(share) {
    if (share >= NEARLY_ALL && !this.saidMemory) {
      this.saidMemory = true;
      this.onMemory(`Your notebooks use ${Math.round(share * 100)} % of their memory. At 100 % Python ends and loses what it holds: `
        + 'close notebooks that you do not need (Kernel, Shut Down Kernel), or load less data.');
    } else if (share < NEARLY_ALL - 0.1) {
      this.saidMemory = false;
    }
  }

  tellPythonDies() {
    if (this.saidPythonDies) {
      return;
    }
    this.saidPythonDies = true;
    this.dialog.show('python', 'Python does not start in your notebooks', [
      'It has ended each time it was started. A start-up file or a package of your own may be the reason.',
      'Rescue mode leaves those aside; your files stay as they are.'
    ], [
      make('a', { href: this.page() }, 'To rescue mode'),
      make('button', { type: 'button', onclick: () => this.dialog.node.close() }, 'Not now')
    ]);
  }
}

// The server as a page sees it that is not JupyterLab.
class PlainServer {
  constructor(base) {
    this.base = base;
  }

  name() {
    return this.base.replace(/\/+$/, '').split('/').pop();
  }

  async ask(verb, data, more = {}) {
    const token = (document.cookie.match(/(?:^|; )_xsrf=([^;]+)/) || [])[1] || '';
    const request = data === undefined ? {} : { method: 'POST', body: JSON.stringify(data) };
    const answer = await window.fetch(`${this.base}campushub/${verb}`, { ...more, ...request, headers: { 'X-XSRFToken': token } });
    if (!answer.ok) {
      throw new Error(`This did not work (${answer.status}).`);
    }
    return answer.json();
  }
}

export const watchPage = base => new Session(new PlainServer(base)).start();

export const makeSessionPlugins = ({ widgets, services, application }) => {
  let session;
  const begun = () => {
    if (!session) {
      const server = new Server(services);
      server.name = () => server.settings.baseUrl.replace(/\/+$/, '').split('/').pop();
      session = new Session(server);
    }
    return session;
  };
  return [
    {
      id: 'campushub-lab:session',
      description: 'Asks before an unused server ends; shows what rescue mode has found.',
      autoStart: true,
      activate: app => {
        const widget = new widgets.Widget();
        widget.id = 'campushub-rescue';
        widget.addClass('campushub-rescue');
        widget.node.setAttribute('role', 'region');
        widget.node.setAttribute('aria-label', 'Rescue mode');
        begun().onRescue = async rescue => {
          await app.restored; // what is added before waits in a queue
          app.shell.add(widget, 'header', { rank: 1 });
          // The place at the top has the height that its style gives it, and JupyterLab looks at that when it is shown.
          const fit = () => {
            if (!widget.parent) {
              return;
            }
            widget.parent.node.style.minHeight = `${Math.min(widget.node.scrollHeight + 4, window.innerHeight * 0.45)}px`;
            widget.parent.hide();
            widget.parent.show();
          };
          new RescueNote(session, widget.node, fit).show(rescue);
        };
        session.onMemory = message =>
          app.commands.execute('apputils:notify', { message, type: 'warning', options: { autoClose: false } });
        session.start();
        app.serviceManager.kernels.runningChanged.connect(() => session.news && session.look());
      }
    },
    {
      id: 'campushub-lab:connection-lost',
      description: "Says why a server has ended, in the place of JupyterHub's own message.",
      autoStart: true,
      provides: application.IConnectionLost,
      activate: () => async () => begun().lost()
    }
  ];
};
