// Offers the panel, the session, the GPU and more to JupyterLab as a federated module. JupyterLab calls init once with the modules that it shares, then get.
(() => {
  let shared = {};
  const here = new URL('.', document.currentScript.src);

  const use = async name => {
    const versions = Object.values(shared[name] || {});
    if (!versions.length) {
      throw new Error(`JupyterLab does not share ${name}`);
    }
    return (await versions[0].get())();
  };

  window._JUPYTERLAB = window._JUPYTERLAB || {};
  window._JUPYTERLAB['campushub-lab'] = {
    init: scope => {
      shared = scope;
    },
    get: async () => {
      const [
        widgets, signaling, services, documents, application, menus, apputils, statusbar, launchers, components, coreutils
      ] = await Promise.all(
        ['@lumino/widgets', '@lumino/signaling', '@jupyterlab/services', '@jupyterlab/docmanager', '@jupyterlab/application',
          '@jupyterlab/mainmenu', '@jupyterlab/apputils', '@jupyterlab/statusbar', '@jupyterlab/launcher',
          '@jupyterlab/ui-components', '@jupyterlab/coreutils'].map(use)
      );
      const { makePlugin } = await import(new URL('panel.js', here).href);
      const { makeSessionPlugins } = await import(new URL('session.js', here).href);
      const { makeAboutPlugin } = await import(new URL('about.js', here).href);
      const { makeMaterialPlugin } = await import(new URL('material.js', here).href);
      const { makeTourPlugin } = await import(new URL('tour.js', here).href);
      const { makeGpuPlugin } = await import(new URL('gpu.js', here).href);
      const plugins = [makePlugin({ widgets, services, documents }), ...makeSessionPlugins({ widgets, services, application }),
        makeAboutPlugin({ services, menus, apputils, coreutils }), makeMaterialPlugin({ services, menus, apputils }),
        makeTourPlugin({ services, menus, apputils, launchers, components }),
        makeGpuPlugin({ widgets, signaling, services, documents, menus, apputils, statusbar })];
      return () => ({ __esModule: true, default: plugins });
    }
  };
})();
