// The flame graph, or the timeline, as a picture of its own: what stands in the SVG makes way for the one that answers.
"use strict";

(() => {
  const root = document.documentElement;
  const data = JSON.parse(document.getElementById("data").textContent);
  const profile = new Profile(data, data.functions);
  const events = {
    changed: (isStep) => Address.keep(() => view.state(), initial, isStep),
    back: Address.back,
    chosen: () => {},
  };
  const title = document.querySelector("title").textContent;
  const subtitle = document.getElementById("subtitle").textContent;
  const view = data.chart ? new Chart(profile, data.chart, events) : new Flame(profile, data.settings, events);
  const initial = view.state();

  const help = element("dialog", { className: "help", "aria-label": "Keys" },
    element("table", {}, element("tbody", {}, ...(data.chart ? CHART_HELP : FLAME_HELP).map(([key, text]) => element("tr", {},
      element("th", { scope: "row" }, element("kbd", {}, key)), element("td", {}, text))))),
    element("form", { method: "dialog" }, element("button", {}, "Close")));
  const keys = element("button", { type: "button", title: "Keys (?)" }, "?");
  keys.addEventListener("click", () => help.showModal());
  view.host.firstElementChild.append(keys);

  const body = element("main", { className: "picture", lang: "en" }, element("h1", { title }, title),
    element("p", { className: "subtitle" }, subtitle), view.host, help);
  const box = document.createElementNS(root.namespaceURI, "foreignObject");
  box.setAttribute("width", "100%");
  box.setAttribute("height", "100%");
  box.append(body);
  for (const node of Array.from(root.children)) {
    if (node.localName !== "style" && node.localName !== "title")
      node.remove();
  }
  root.removeAttribute("viewBox");
  root.setAttribute("width", "100%");
  root.setAttribute("height", "100%");
  root.append(box);

  document.addEventListener("keydown", (event) => {
    const find = (event.ctrlKey || event.metaKey) && event.key === "f";
    if (help.open || (event.target.closest("input, select") && !find) ||
        (!find && (event.ctrlKey || event.metaKey || event.altKey)))
      return;
    if (event.target.localName === "button" && event.key === "Enter")
      return;
    if (event.key === "?")
      help.showModal();
    else if (!view.key(event))
      return;
    event.preventDefault();
  });
  const restore = () => view.restore({ ...initial, ...Address.read() });
  window.addEventListener("popstate", restore);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => view.recolor());
  restore();
})();
