// Elements of a page. Every text goes in as text, never as markup.

export const make = (tag, attributes = {}, ...inside) => {
  const element = document.createElement(tag);
  Object.entries(attributes).forEach(([name, value]) => {
    if (name === 'onclick') {
      element.onclick = value;
    } else if (value !== undefined && value !== false) {
      element.setAttribute(name, value === true ? '' : value);
    }
  });
  element.append(...inside.filter(part => part !== null && part !== undefined && part !== ''));
  return element;
};

export const few = number => Math.round(number * 100) / 100;
