// Keeps the page of a person's GPU as it stands: small changes in place, the whole page when its state changes; and says on
// the computer itself when it is their turn.
const AGAIN_MS = 5000;
const place = document.querySelector("[data-state]");
const allowed = () => "Notification" in window && Notification.permission === "granted";
const remembered = sessionStorage.getItem("gpu-state");

/** Whether to look again; not while the page is loaded anew, since a second time would begin that from the start. */
async function look() {
  // A mode that JupyterHub takes from a page without the form's token; on the same host the answer can be read.
  const answer = await fetch(location.href, { mode: "no-cors" });
  if (!answer.ok || answer.redirected) return true;
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const fresh = page.querySelector("[data-state]");
  if (!fresh || fresh.dataset.key !== place.dataset.key) {
    location.reload();
    return false;
  }
  const [old, next] = [place, fresh].map((one) => one.querySelector("[data-again]"));
  if (old && next && old.textContent !== next.textContent) old.replaceWith(document.adoptNode(next));
  return true;
}

async function again() {
  if (await look().catch(() => true)) setTimeout(again, AGAIN_MS);
}

if (place) {
  const state = place.dataset.state;
  if (state === "offered" && remembered === "waiting" && allowed()) {
    new Notification("A GPU is kept for you", { body: document.querySelector("[data-again]").textContent.trim(), tag: "campushub-gpu" });
  }
  document.title = state === "offered" ? `Your turn: ${document.title}` : document.title;
  sessionStorage.setItem("gpu-state", state);
  const ask = document.getElementById("notify");
  if (ask && "Notification" in window && Notification.permission === "default") {
    ask.hidden = false;
    ask.addEventListener("click", async () => {
      await Notification.requestPermission();
      ask.hidden = true;
    });
  }
  setTimeout(again, AGAIN_MS);
}
