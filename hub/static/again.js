// Looks at the page again every few seconds and puts the part that changes in the place of the old one; nothing else moves,
// least of all what is being written. It ends with the first look that no longer asks for this script.
const AGAIN_MS = 3000;
const STOPS = "a, button";

async function look() {
  // A mode that JupyterHub takes from a page without the form's token; on the same host the answer can be read.
  const answer = await fetch(location.href, { mode: "no-cors" }).catch(() => null);
  if (!answer || !answer.ok || answer.redirected) return;
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const [here, fresh] = [document, page].map((one) => one.querySelector("[data-again]"));
  if (!here || !fresh || here.matches(":active")) return; // somebody presses a button at this moment
  const place = [...here.querySelectorAll(STOPS)].indexOf(document.activeElement);
  here.replaceWith(document.adoptNode(fresh));
  fresh.querySelectorAll(STOPS)[place]?.focus({ preventScroll: true });
  if (!page.querySelector('script[src$="/again.js"]')) window.clearInterval(looking);
}

const looking = window.setInterval(look, AGAIN_MS);
