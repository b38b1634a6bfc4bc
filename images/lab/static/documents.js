// What is on the screen is what counts: saves open documents, those whose path is wanted.

export const saveOpen = async (app, documents, wanted = () => true) => {
  for (const widget of app.shell.widgets('main')) {
    const context = documents.contextForWidget(widget);
    if (context && wanted(context.path) && context.model.dirty) {
      await context.save();
      if (context.model.dirty) {
        throw new Error(`${context.path} could not be saved, so nothing was done. Save it, then try again.`);
      }
    }
  }
};
