// Offers the panel, the session, the GPU and more to JupyterLab as a federated module. JupyterLab calls init once with the modules that it shares, then get.
(() => {
  let shared = {};
  const here = new URL('.', document.currentScript.src);
  const SHARED = {
    widgets: '@lumino/widgets', signaling: '@lumino/signaling', services: '@jupyterlab/services', documents: '@jupyterlab/docmanager',
    application: '@jupyterlab/application', menus: '@jupyterlab/mainmenu', apputils: '@jupyterlab/apputils', statusbar: '@jupyterlab/statusbar',
    launchers: '@jupyterlab/launcher', components: '@jupyterlab/ui-components', coreutils: '@jupyterlab/coreutils'
  };
  const PARTS = [ // a file, what makes its plugins, and what that needs of JupyterLab
    ['panel.js', 'makePlugin', ['widgets', 'services', 'documents']],
    ['session.js', 'makeSessionPlugins', ['widgets', 'services', 'application']],
    ['about.js', 'makeAboutPlugin', ['services', 'menus', 'apputils', 'coreutils']],
    ['material.js', 'makeMaterialPlugin', ['services', 'menus', 'apputils']],
    ['tour.js', 'makeTourPlugin', ['services', 'menus', 'apputils', 'launchers', 'components']],
    ['gpu.js', 'makeGpuPlugin', ['widgets', 'signaling', 'services', 'documents', 'menus', 'apputils', 'statusbar']]
  ];
  // For most browsers, a module that did not come once never comes from that address, and each asks for those beside it. So every
  // try has another address of the same folder. What two tries have loaded twice does no harm: no module keeps anything.
  const PLACES = ['./', '../%73tatic/', '../s%74atic/'].map(path => new URL(path, here));
  const PAUSES_MS = [0, 1000, 3000];

  const use = async name => {
    const versions = Object.values(shared[SHARED[name]] || {});
    if (!versions.length) {
      throw new Error(`JupyterLab does not share ${SHARED[name]}`);
    }
    return [name, (await versions[0].get())()];
  };

  const load = async ([file, maker, wanted], place) => {
    const [found, ...modules] = await Promise.all([import(new URL(file, place).href), ...wanted.map(use)]);
    return found[maker](Object.fromEntries(modules));
  };

  // The plugins of a part; null where no try brought them.
  const patiently = async part => {
    for (const [turn, place] of PLACES.entries()) {
      await new Promise(done => window.setTimeout(done, PAUSES_MS[turn]));
      try {
        return await load(part, place);
      } catch (error) {
        console.error(`CampusHub: ${part[0]} did not load`, error);
      }
    }
    return null;
  };

  const complain = () => {
    const bar = document.createElement('div');
    const close = document.createElement('button');
    bar.setAttribute('role', 'alert');
    bar.style.cssText = 'position: fixed; inset: 0 0 auto; z-index: 99999; padding: 6px 16px; font: 16px/1.5 system-ui, sans-serif; '
      + 'text-align: center; color: #fff; background: #b91c1c;';
    close.style.cssText = 'margin-left: 16px; font: inherit;';
    close.textContent = 'Close';
    close.onclick = () => bar.remove();
    bar.append("CampusHub's panel did not load. Reload this page.", close);
    document.body.append(bar);
  };

  window._JUPYTERLAB = window._JUPYTERLAB || {};
  window._JUPYTERLAB['campushub-lab'] = {
    init: scope => {
      shared = scope;
    },
    get: async () => {
      const made = await Promise.all(PARTS.map(patiently));
      if (made.includes(null)) {
        complain();
      }
      const plugins = made.flat().filter(Boolean);
      return () => ({ __esModule: true, default: plugins });
    }
  };
})();
