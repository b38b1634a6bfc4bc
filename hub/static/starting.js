// Shows how far the start of a server is, and goes on when it is ready.
const AGAIN_MS = 3000;
const bar = document.getElementById("progress");
const message = document.getElementById("progress-message");
const events = new EventSource(bar.dataset.url);

// An answer that is an error ends the stream for good; the page itself knows how far the start is.
events.onerror = () => {
  if (events.readyState === EventSource.CLOSED) setTimeout(() => window.location.reload(), AGAIN_MS);
};

events.onmessage = (event) => {
  const told = JSON.parse(event.data);
  if (told.progress !== undefined) bar.value = told.progress;
  if (told.message) message.textContent = told.message;
  if (told.ready) {
    events.close();
    window.location.reload();
  }
  if (told.failed) {
    events.close();
    message.className = "problem";
    message.setAttribute("role", "alert");
    document.getElementById("again").hidden = false;
  }
};
