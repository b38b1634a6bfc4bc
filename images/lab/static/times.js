// How times are told to people: a date by their own clock, and how much is left until one.

export const when = text =>
  text
    ? new Date(text).toLocaleString(undefined, { weekday: 'short', day: 'numeric', month: 'short', hour: '2-digit', minute: '2-digit' })
    : 'no due date';

export const clock = text => new Date(text).toLocaleTimeString(undefined, { hour: '2-digit', minute: '2-digit' });

const count = (number, word) => `${number} ${word}${number === 1 ? '' : 's'}`;

// How much is left of so many seconds, in two units at most.
export const left = seconds => {
  const minutes = Math.floor(seconds / 60);
  const hours = Math.floor(minutes / 60);
  if (seconds <= 0) {
    return '';
  }
  if (minutes < 1) {
    return `${count(Math.ceil(seconds), 'second')} left`;
  }
  if (hours < 1) {
    return `${count(minutes, 'minute')} left`;
  }
  const [many, unit, more, part] = hours < 24 ? [hours, 'hour', minutes % 60, 'minute'] : [Math.floor(hours / 24), 'day', hours % 24, 'hour'];
  return `${[count(many, unit), more && count(more, part)].filter(Boolean).join(' ')} left`;
};
