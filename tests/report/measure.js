// What test_page_browser.py measures in a page. Elements in a box that scrolls by itself may be wider than the window.
addEventListener("load", () => {
  const all = selector => [...document.querySelectorAll(selector)];
  const size = e => e.getBoundingClientRect();
  const name = e => `${e.tagName}.${e.getAttribute("class")}: ${e.textContent.slice(0, 40)}`;
  const visible = e => e.getClientRects().length && !e.closest(".hidden, thead");
  const scrolls = e => e.closest(".scroll, pre");

  // The contrast of a text with what is behind it: WCAG 2.
  const rgb = text => text.match(/[\d.]+/g).map(Number);
  const linear = v => (v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
  const light = c => [0.2126, 0.7152, 0.0722].reduce((sum, weight, i) => sum + weight * linear(c[i] / 255), 0);
  const behind = e => {
    for (; e; e = e.parentElement) {
      const c = rgb(getComputedStyle(e).backgroundColor);
      if (c.length < 4 || c[3]) return c;
    }
    return [255, 255, 255];
  };
  const ratio = e => {
    const [a, b] = [light(rgb(getComputedStyle(e).color)), light(behind(e))];
    return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
  };
  const texts = all("body *").filter(
    e => visible(e) && !e.closest("svg") && [...e.childNodes].some(n => n.nodeType === 3 && n.data.trim()));

  const found = {
    width: innerWidth,
    scroll: document.documentElement.scrollWidth,
    wide: all("body *").filter(e => visible(e) && !scrolls(e) && size(e).right > innerWidth + 1).map(name),
    faint: texts.filter(e => ratio(e) < 4.5).map(e => `${ratio(e).toFixed(1)} ${name(e)}`),
    texts: texts.length,
    requests: performance.getEntriesByType("resource").map(e => e.name),
    details: all("details").length,
    closed: all("details").filter(e => !e.lastElementChild.checkVisibility({contentVisibilityAuto: true})).length,
    heads: all(".cards thead").filter(e => size(e).width > 2).length,
    labels: all(".cards td[data-label]").filter(
      e => getComputedStyle(e, "::before").content.includes(e.dataset.label)).length,
  };
  parent.postMessage(found, "*");
});
