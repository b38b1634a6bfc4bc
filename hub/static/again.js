// Looks at the page again every few seconds and puts the part that changes in the place of the old one; nothing else moves.
const AGAIN_MS = 5000;

async function look() {
  // A mode that JupyterHub takes from a page without the form's token; on the same host the answer can be read.
  const answer = await fetch(location.href, { mode: "no-cors" }).catch(() => null);
  if (!answer || !answer.ok || answer.redirected) return;
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const [here, fresh] = [document, page].map((one) => one.querySelector("[data-again]"));
  if (here && fresh) here.replaceWith(document.adoptNode(fresh));
}

window.setInterval(look, AGAIN_MS);
