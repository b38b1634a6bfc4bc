// What these notebooks run in, in JupyterLab's Help menu: the image, its documentation, what it may use, the person's own packages.

import { Dialog } from './dialog.js';
import { make } from './dom.js';
import { Server } from './server.js';

const size = bytes => (bytes >= 1024 ** 3 ? `${(bytes / 1024 ** 3).toFixed(1)} GB` : `${Math.round(bytes / 1024 ** 2)} MB`).replace(".0 ", " ");
const versions = packages => packages.map(one => `${one.name} ${one.version}`).join(', ');

class About {
  constructor(app, server) {
    Object.assign(this, { app, server, dialog: new Dialog('about') });
  }

  async open() {
    let found;
    try {
      found = await this.server.ask('about');
    } catch (error) {
      this.show('About these notebooks', [error.message]);
      return;
    }
    this.show('About these notebooks', [
      `Image ${found.image} (${found.content}), Python ${found.python}.`,
      `They may use ${found.cpu} processor core${found.cpu === 1 ? '' : 's'} and ${size(found.memory)} of memory.`,
      make('details', { open: true }, make('summary', {}, 'What is in the image'), make('p', {}, versions(found.packages))),
      ...this.own(found)
    ], found.own.length ? [make('button', { type: 'button', onclick: () => this.ask(found) }, 'Remove my own packages …')] : []);
  }

  own(found) {
    if (!found.own.length) {
      return ['Packages of your own: none. What `pip install` brings goes into your home, for this image alone.'];
    }
    const unused = found.own_used ? '' : ' They are not used now: this is rescue mode.';
    return [make('details', { open: true }, make('summary', {}, 'Packages of your own'), make('p', {}, versions(found.own) + unused))];
  }

  ask(found) {
    this.show('Remove your own packages?', [
      `${versions(found.own)} will be removed. The image's packages are used again; your files stay.`
    ], [make('button', { type: 'button', onclick: () => this.remove() }, 'Remove them')]);
  }

  async remove() {
    try {
      await this.server.ask('remove-packages', {});
      this.show('Your own packages are removed', ['Restart the kernels of notebooks that are open (Kernel, Restart Kernel).']);
    } catch (error) {
      this.show('This did not work', [error.message]);
    }
  }

  show(title, parts, actions = []) {
    const close = make('button', { type: 'button', onclick: () => this.dialog.close() }, 'Close');
    this.dialog.close();
    this.dialog.show(title, title, parts, [...actions, close]);
  }
}

export const makeAboutPlugin = ({ services, menus, apputils, coreutils }) => ({
  id: 'campushub-lab:about',
  description: 'Says what the notebooks run in; removes packages of one\'s own.',
  autoStart: true,
  requires: [menus.IMainMenu],
  optional: [apputils.ICommandPalette],
  activate: (app, menu, palette) => {
    const command = 'campushub:about';
    app.commands.addCommand(command, { label: 'About These Notebooks', execute: () => new About(app, new Server(services)).open() });
    const commands = [command];
    const docs = coreutils.PageConfig.getOption('campushubDocs');
    if (docs) {
      commands.unshift('campushub:documentation');
      app.commands.addCommand(commands[0], { label: 'Documentation of Python and Libraries', execute: () => { window.open(docs, '_blank', 'noopener'); } });
    }
    menu.helpMenu.addGroup(commands.map(one => ({ command: one })), 0);
    commands.forEach(one => palette?.addItem({ command: one, category: 'Help' }));
  }
});
