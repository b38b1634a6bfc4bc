// A notice of the browser's own, for a page that nobody looks at now. A new one under a tag takes the place of the older.

const known = () => 'Notification' in window;

export const notice = (title, text, tag) => {
  if (document.hidden && known() && window.Notification.permission === 'granted') {
    new window.Notification(title, { body: text, tag: `campushub-${tag}` });
  }
};

// Whether the person has not yet said if they want such notices.
export const mayAsk = () => known() && window.Notification.permission === 'default';

export const ask = () => window.Notification.requestPermission();
