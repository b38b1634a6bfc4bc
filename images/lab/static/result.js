// Points that came by themselves, for the panel.

import { few, make } from './dom.js';

// What the grader has given by itself, or how many are before it.
export function result(one) {
  const last = one.receipts[one.receipts.length - 1];
  if (one.waits) {
    const before = one.waits.place ? `${one.waits.place} before you, about ${Math.max(1, one.waits.seconds)} seconds` : 'now';
    return make('p', { class: 'campushub-told', role: 'status' }, `Being graded: ${before}.`);
  }
  if (!last || !last.result) {
    return null;
  }
  const points = question => (question.score === null ? `marked by hand, of ${few(question.max_score)}` : `${few(question.score)} of ${few(question.max_score)}`);
  const byHand = last.result.by_hand ? `, ${few(last.result.by_hand)} more by hand` : '';
  return make('div', { class: 'campushub-told', role: 'status' },
    make('p', {}, make('strong', {}, `Graded automatically: ${few(last.result.score)} of ${few(last.result.max_score)}${byHand}`), ` (attempt ${last.attempt})`),
    make('ul', {}, ...last.result.questions.map(question => make('li', {}, `${question.name}: ${points(question)}`,
      question.message && make('br'), question.message && make('code', {}, question.message)))));
}
