// How much time is left until a date, by the server's clock; without it the date itself stands there.
const MINUTE = 60, HOUR = 3600, DAY = 86400;

const count = (number, word) => `${number} ${word}${number === 1 ? "" : "s"}`;

function left(seconds) {
  if (seconds <= 0) return "The time is up; load this page again.";
  if (seconds < MINUTE) return `${count(Math.ceil(seconds), "second")} left`;
  const minutes = Math.floor(seconds / MINUTE);
  if (seconds < HOUR) return `${count(minutes, "minute")} left`;
  const hours = Math.floor(seconds / HOUR);
  if (seconds < DAY) return `${count(hours, "hour")} ${count(minutes % 60, "minute")} left`;
  return `${count(Math.floor(hours / 24), "day")} ${count(hours % 24, "hour")} left`;
}

const seen = new WeakMap(); // when each place came: with the page's first byte, or later when it appeared
const page = performance.getEntriesByType("navigation")[0];
const first = page ? performance.timeOrigin + page.responseStart : Date.now();

function show(came = Date.now()) {
  for (const place of document.querySelectorAll("[data-until]")) {
    if (!seen.has(place)) seen.set(place, came);
    const now = Date.parse(place.dataset.now) + Date.now() - seen.get(place);
    place.textContent = left((Date.parse(place.dataset.until) - now) / 1000);
  }
}

show(first);
window.setInterval(() => show(), 1000);
