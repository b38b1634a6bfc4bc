// A form is sent once: who presses again while its answer is awaited would do the same thing twice.
const AWAITED_MS = 60000; // then the answer is taken to be lost

addEventListener("submit", (event) => {
  const form = event.target;
  if (form.ariaBusy === "true") {
    event.preventDefault();
    return;
  }
  form.ariaBusy = "true";
  setTimeout(() => (form.ariaBusy = null), AWAITED_MS);
});

// Back on a page that was left by sending.
addEventListener("pageshow", () => {
  for (const form of document.forms) form.ariaBusy = null;
});
