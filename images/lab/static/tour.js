// The first tour: offered once to whoever is new, and for good in the launcher and in JupyterLab's Help menu.

import { Server } from './server.js';

const OPEN = 'campushub:tour';
const RESTORE = 'campushub:tutorials';
const ICON = '<svg xmlns="http://www.w3.org/2000/svg" width="16" viewBox="0 0 24 24"><g class="jp-icon3" fill="#616161">'
  + '<path d="M12 2a10 10 0 1 0 0 20 10 10 0 0 0 0-20zm0 18a8 8 0 1 1 0-16 8 8 0 0 1 0 16z"/><path d="M7 17l3.2-6.8L17 7l-3.2 6.8z"/></g></svg>';

class Tour {
  constructor(app, server) {
    Object.assign(this, { app, server });
  }

  // Whoever asks for it gets it, also when it was deleted.
  async open() {
    await this.tried(async () => {
      const found = await this.server.ask('tour');
      const { path } = found.there ? found : await this.server.ask('tour/restore', {});
      await this.app.commands.execute('filebrowser:go-to-path', { path: path.replace(/\/[^/]*$/, ''), dontShowBrowser: true });
      await this.app.commands.execute('docmanager:open', { path });
    });
  }

  async restore() {
    await this.tried(async () => {
      const { back } = await this.server.ask('tour/restore', {});
      this.say(back.length ? `Put back into the folder tutorials: ${back.join(', ')}.` : 'Every tutorial is there; nothing was changed.');
    });
  }

  // Said once in a person's life, whichever browser they sit at.
  async offer() {
    await this.server.ask('tour/told', {});
    this.say('New here? A short tour shows how this works: ten minutes, nothing can break.',
      [{ label: 'Take the tour', commandId: OPEN, displayType: 'accent' }]);
  }

  say(message, actions = []) {
    this.app.commands.execute('apputils:notify', { message, type: 'info', options: { autoClose: actions.length ? false : 8000, actions } });
  }

  async tried(work) {
    try {
      await work();
    } catch (error) {
      this.app.commands.execute('apputils:notify', { message: error.message, type: 'error', options: { autoClose: false } });
    }
  }
}

export const makeTourPlugin = ({ services, menus, apputils, launchers, components }) => ({
  id: 'campushub-lab:tour',
  description: 'Offers the first tour; puts back tutorials that were deleted.',
  autoStart: true,
  requires: [menus.IMainMenu],
  optional: [apputils.ICommandPalette, launchers.ILauncher],
  activate: (app, menu, palette, launcher) => {
    const tour = new Tour(app, new Server(services));
    const add = found => {
      const icon = new components.LabIcon({ name: OPEN, svgstr: ICON });
      app.commands.addCommand(OPEN, { label: 'First Tour', caption: 'How this works, step by step',
        icon: args => (args.card ? icon : undefined), execute: () => tour.open() });
      app.commands.addCommand(RESTORE, { label: 'Put Back Deleted Tutorials', execute: () => tour.restore() });
      menu.helpMenu.addGroup([{ command: OPEN }, { command: RESTORE }], 1);
      if (palette) {
        [OPEN, RESTORE].forEach(command => palette.addItem({ command, category: 'Help' }));
      }
      if (launcher) {
        launcher.add({ command: OPEN, args: { card: true }, category: 'Other', rank: 0 });
      }
      if (found.news) {
        tour.offer();
      }
    };
    // JupyterLab does not wait for it. No answer: a server for grading, or rescue mode, where there is no tour.
    app.restored.then(() => tour.server.ask('tour').then(add, () => {}));
  }
});
