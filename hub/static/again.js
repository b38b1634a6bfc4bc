// Looks at the page again every few seconds and puts the part that changes in the place of the old one; nothing else moves,
// least of all what is being written. It ends with the first look that no longer asks for this script.
const AGAIN_MS = 3000;
const STOPS = "a, button";

/** Whether to look again. One look follows the other, so on a slow line no answer comes after a newer one. */
async function look() {
  // A mode that JupyterHub takes from a page without the form's token; on the same host the answer can be read.
  const answer = await fetch(location.href, { mode: "no-cors" });
  if (!answer.ok || answer.redirected) return true;
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const [here, fresh] = [document, page].map((one) => one.querySelector("[data-again]"));
  if (!here || !fresh || here.matches(":active")) return true; // somebody presses a button at this moment
  const place = [...here.querySelectorAll(STOPS)].indexOf(document.activeElement);
  here.replaceWith(document.adoptNode(fresh));
  fresh.querySelectorAll(STOPS)[place]?.focus({ preventScroll: true });
  return page.querySelector('script[src$="/again.js"]') !== null;
}

async function again() {
  if (await look().catch(() => true)) setTimeout(again, AGAIN_MS);
}

setTimeout(again, AGAIN_MS);
