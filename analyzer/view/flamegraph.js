// The flame graph's behaviour. Every frame is a <g> in #frames, in the order of a walk of the tree, with
// data-v="depth,total,self,calls"; its title begins with its name. The state of the picture is the address's
// hash and nothing else: #z=main;parse (zoom, a path of names) and &s=… (search), each name percent-encoded.
"use strict";
(() => {
  const SVG = "http://www.w3.org/2000/svg";
  const HTML = "http://www.w3.org/1999/xhtml";
  const MARGIN = 10;
  const root = document.documentElement;
  const plane = document.getElementById("frames");
  const data = plane.dataset; // unit; calls: 1 when the frames have counts of calls; inverted: 1 when the root is on top
  const status = document.getElementById("status");
  const [matched, details] = status.querySelectorAll("text");
  const headings = Array.from(document.querySelectorAll(":root > text"), (node) => ({ node, text: node.textContent }));
  headings[0].text = document.querySelector("title").textContent; // the picture may show less of it

  // ---- The frames ----------------------------------------------------------------------------------

  const frames = [];

  function framesRead() {
    const open = [];
    for (const g of plane.children) {
      if (g.localName !== "g")
        continue;
      const [depth, total, self, calls] = g.dataset.v.split(",").map(Number);
      const title = g.firstElementChild.textContent;
      const parent = depth > 0 ? open[depth - 1] : null;
      const frame = { g, depth, total, self, calls, parent, children: [], index: frames.length, x: 0, end: 0,
        name: title.slice(0, title.lastIndexOf(" (")), rect: g.children[1], text: g.children[2] || null, start: 0 };
      if (parent) {
        const before = parent.children[parent.children.length - 1];
        frame.start = before ? before.start + before.total : parent.start;
        parent.children.push(frame);
      }
      open[depth] = g.frame = frame;
      frames.push(frame);
    }
    for (let i = frames.length - 1; i >= 0; i--) { // frames[i] up to .end is its subtree
      frames[i].end = Math.max(frames[i].end, i + 1);
      if (frames[i].parent)
        frames[i].parent.end = Math.max(frames[i].parent.end, frames[i].end);
    }
  }

  // ---- Numbers -------------------------------------------------------------------------------------

  function amount(value) {
    if (data.unit !== "ns")
      return value.toLocaleString("en-US") + " " + data.unit;
    const units = ["ns", "us", "ms", "s"];
    let unit = 0;
    while (value >= 999.5 && unit < 3) {
      value /= 1000;
      unit++;
    }
    return (unit === 0 || value >= 999.5 ? Math.round(value).toLocaleString("en-US") : value.toPrecision(3)) +
      " " + units[unit];
  }

  function share(part, whole) {
    return whole > 0 ? (100 * part / whole).toFixed(1) + " %" : "0 %";
  }

  function describe(frame) {
    let text = frame.name + ": total " + amount(frame.total) + ", self " + amount(frame.self);
    if (data.calls === "1" && frame.depth > 0)
      text += ", " + frame.calls.toLocaleString("en-US") + (frame.calls === 1 ? " call" : " calls");
    text += ", " + share(frame.total, frames[0].total) + " of the run";
    return zoomed === frames[0] ? text : text + ", " + share(frame.total, zoomed.total) + " of the zoom";
  }

  // ---- Drawing -------------------------------------------------------------------------------------

  let zoomed;
  let letter = 7.3; // width of a character, measured below
  let width = 0; // of the plane, in pixels

  // What still fits: the name, without its arguments, without its template arguments, then its beginning.
  function shorten(name, room) {
    if (name.length <= room)
      return name;
    const bare = name.replace(/([^\s:(])\([^()]+\)(?=( const)?$)/, "$1()");
    if (bare.length <= room)
      return bare;
    return room < 3 ? "" : Array.from(bare).slice(0, room - 1).join("") + "…";
  }

  function label(frame, pixels) {
    const text = shorten(frame.name, Math.floor((pixels - 6) / letter));
    if (!frame.text) {
      if (text === "")
        return;
      frame.text = document.createElementNS(SVG, "text");
      frame.text.setAttribute("dx", "3");
      frame.text.setAttribute("y", Number(frame.rect.getAttribute("y")) + 12);
      frame.g.append(frame.text);
    }
    frame.text.textContent = text;
  }

  // As much of a line as the window has room for.
  function fit(node, text) {
    const size = parseFloat(getComputedStyle(node).fontSize) / 12;
    const room = Math.floor((root.clientWidth - 2 * MARGIN) / (letter * size));
    node.textContent = text.length > room ? text.slice(0, Math.max(0, room - 1)) + "…" : text;
  }

  function isAbove(frame, other) { // frame is other, or lies on the way from the root to it
    return frame.index <= other.index && other.index < frame.end;
  }

  function place(frame) {
    const onPath = isAbove(frame, zoomed);
    const from = onPath ? 0 : (frame.start - zoomed.start) / zoomed.total;
    const part = onPath ? 1 : frame.total / zoomed.total;
    const pixels = part * width;
    const visible = onPath || (isAbove(zoomed, frame) && pixels >= 0.1);
    frame.g.style.display = visible ? "" : "none";
    frame.g.classList.toggle("parent", onPath && frame !== zoomed);
    if (!visible)
      return;
    const x = (100 * from).toFixed(4) + "%";
    frame.rect.setAttribute("x", x);
    frame.rect.setAttribute("width", (100 * part).toFixed(4) + "%");
    label(frame, pixels);
    if (frame.text)
      frame.text.setAttribute("x", x);
  }

  function draw() {
    width = Math.max(50, root.clientWidth - 2 * MARGIN);
    plane.setAttribute("width", width);
    for (const { node, text } of headings)
      fit(node, text);
    frames.forEach(place);
    placeStatus();
  }

  // The line of details stays in sight, however tall the picture is.
  function placeStatus() {
    const height = Number(root.getAttribute("height"));
    const bottom = Math.min(height, window.scrollY + window.innerHeight);
    status.setAttribute("transform", "translate(0," + (bottom - 42) + ")");
  }

  function show(text) {
    fit(details, text);
  }

  // ---- State: the address ------------------------------------------------------------------------------

  let search = null; // the regular expression, or null
  let pattern = "";
  let steps = 0; // zooms that Backspace can take back

  function framePath(frame) {
    const names = [];
    for (let f = frame; f.parent; f = f.parent)
      names.unshift(encodeURIComponent(f.name));
    return names.join(";");
  }

  function addressOf(frame) {
    const parts = [];
    if (frame.parent)
      parts.push("z=" + framePath(frame));
    if (pattern !== "")
      parts.push("s=" + encodeURIComponent(pattern));
    return "#" + parts.join("&");
  }

  function decode(text) {
    try {
      return decodeURIComponent(text);
    } catch (error) {
      return text;
    }
  }

  // The frame of a path; of an unknown path, its longest known beginning.
  function frameFind(path) {
    let frame = frames[0];
    for (const part of path === "" ? [] : path.split(";")) {
      const name = decode(part);
      const child = frame.children.find((c) => c.name === name);
      if (!child)
        return { frame, missing: name };
      frame = child;
    }
    return { frame, missing: null };
  }

  function stateRead() {
    const state = {};
    for (const part of location.hash.slice(1).split("&"))
      state[part.slice(0, 2)] = part.slice(2);
    const found = frameFind(state["z="] || "");
    zoomed = found.frame;
    patternSet(decode(state["s="] || ""));
    draw();
    show(found.missing === null ? "" : "There is no " + found.missing + " here");
  }

  function zoom(frame) {
    if (frame === zoomed)
      return;
    steps++;
    location.hash = addressOf(frame); // stateRead() follows
  }

  function zoomBack() {
    if (steps > 0) {
      steps--;
      history.back();
    } else if (zoomed.parent) {
      history.replaceState(null, "", addressOf(zoomed.parent));
      stateRead();
    }
  }

  // ---- Search ------------------------------------------------------------------------------------------

  let matches = [];

  function regexOf(text) {
    if (text === "")
      return null;
    const flags = /\p{Lu}/u.test(text) ? "u" : "iu"; // smart case
    try {
      return new RegExp(text, flags);
    } catch (error) {
      return undefined; // not (yet) a regular expression
    }
  }

  function patternSet(text) {
    const regex = regexOf(text);
    field.classList.toggle("wrong", regex === undefined);
    if (document.activeElement !== field)
      field.value = text;
    if (regex === undefined)
      return;
    pattern = text;
    search = regex;
    matchesMark();
  }

  // Time of a frame below another match is not counted again.
  function matchesMark() {
    let covered = 0;
    let total = 0;
    matches = [];
    for (const frame of frames) {
      const hit = search !== null && frame.depth > 0 && search.test(frame.name);
      frame.g.classList.toggle("match", hit);
      if (!hit)
        continue;
      matches.push(frame);
      if (frame.index >= covered) {
        total += frame.total;
        covered = frame.end;
      }
    }
    const names = new Set(matches.map((frame) => frame.name)).size;
    matched.textContent = search === null ? "" : names + (names === 1 ? " function, " : " functions, ") +
      share(total, frames[0].total) + " of the run";
  }

  function matchStep(direction) {
    const visible = matches.filter((frame) => frame.g.style.display !== "none");
    if (visible.length === 0)
      return;
    const at = focused ? focused.index : -1;
    const next = direction > 0 ? visible.find((f) => f.index > at) || visible[0]
      : visible.slice().reverse().find((f) => f.index < at) || visible[visible.length - 1];
    focus(next);
  }

  // ---- Keys and mouse ------------------------------------------------------------------------------------

  let focused = null;

  function focus(frame) {
    if (focused)
      focused.g.setAttribute("tabindex", "-1");
    focused = frame;
    frame.g.setAttribute("tabindex", "0");
    frame.g.focus({ preventScroll: true });
    const box = frame.rect.getBoundingClientRect();
    if (box.top < 0 || box.bottom > window.innerHeight - 30)
      window.scrollBy(0, box.top - window.innerHeight / 2);
    show(describe(frame));
  }

  function walk(towards) {
    const frame = focused && focused.g.style.display !== "none" ? focused : zoomed;
    const siblings = frame.parent ? frame.parent.children : [frame];
    const at = siblings.indexOf(frame);
    const next = { parent: frame.parent, child: frame.children[0], left: siblings[at - 1], right: siblings[at + 1] };
    const target = focused ? next[towards] : frame;
    if (target && target.g.style.display !== "none")
      focus(target);
  }

  const HELP = "/ search · n N next, previous match · Enter or click zoom · Backspace back · 0 reset · arrows walk";

  function searchOpen() {
    field.focus();
    field.select();
  }

  function searchClear() {
    patternSet("");
    field.value = "";
    history.replaceState(null, "", addressOf(zoomed));
    draw();
  }

  const inverted = data.inverted === "1";
  const keys = {
    "/": searchOpen,
    n: () => matchStep(1),
    N: () => matchStep(-1),
    0: () => zoom(frames[0]),
    "?": () => show(HELP),
    Backspace: zoomBack,
    Escape: () => (search !== null && steps === 0 && zoomed === frames[0] ? searchClear() : zoomBack()),
    Enter: () => focused && zoom(focused),
    ArrowUp: () => walk(inverted ? "parent" : "child"),
    ArrowDown: () => walk(inverted ? "child" : "parent"),
    ArrowLeft: () => walk("left"),
    ArrowRight: () => walk("right"),
  };

  function keyPressed(event) {
    const find = (event.ctrlKey || event.metaKey) && event.key === "f";
    if (event.target === field && !find)
      return;
    if (!find && (event.ctrlKey || event.metaKey || event.altKey))
      return;
    if (event.key === "Enter" && event.target.classList.contains("button"))
      event.target.dispatchEvent(new MouseEvent("click"));
    else if (find)
      searchOpen();
    else if (Object.hasOwn(keys, event.key))
      keys[event.key]();
    else
      return;
    event.preventDefault();
  }

  function fieldKeyPressed(event) {
    if (event.key === "Escape")
      searchClear();
    if (event.key === "Enter" || event.key === "Escape") {
      field.blur();
      event.preventDefault();
      event.stopPropagation();
    }
  }

  function frameOf(event) {
    const g = event.target.closest("#frames > g");
    return g ? g.frame : null;
  }

  // ---- What only exists with a script ----------------------------------------------------------------------

  function button(text, x, action) {
    const node = document.createElementNS(SVG, "text");
    node.textContent = text;
    node.setAttribute("class", "button");
    node.setAttribute("role", "button");
    node.setAttribute("tabindex", "0");
    node.setAttribute("x", x);
    node.setAttribute("y", "66");
    node.addEventListener("click", action);
    root.append(node);
  }

  function fieldMake() {
    const box = document.createElementNS(SVG, "foreignObject");
    for (const [name, value] of Object.entries({ x: MARGIN, y: 50, width: 170, height: 24 }))
      box.setAttribute(name, value);
    const input = document.createElementNS(HTML, "input");
    input.type = "search";
    input.placeholder = "search (regex)  /";
    input.setAttribute("aria-label", "search functions by regular expression");
    input.addEventListener("keydown", fieldKeyPressed);
    input.addEventListener("input", () => {
      patternSet(input.value);
      history.replaceState(null, "", addressOf(zoomed));
      draw();
    });
    box.append(input);
    root.append(box);
    return input;
  }

  function letterMeasure() {
    const probe = document.createElementNS(SVG, "text");
    probe.textContent = "0".repeat(100);
    root.append(probe);
    letter = probe.getComputedTextLength() / 100 || letter;
    probe.remove();
  }

  const field = fieldMake();
  button("back", MARGIN + 182, zoomBack);
  button("reset", MARGIN + 224, () => zoom(frames[0]));
  button("keys", MARGIN + 274, () => show(HELP));
  framesRead();
  letterMeasure();
  root.removeAttribute("viewBox");
  root.setAttribute("width", "100%");
  frames[0].g.setAttribute("tabindex", "0");
  plane.setAttribute("role", "tree");
  for (const frame of frames) {
    frame.g.setAttribute("role", "treeitem");
    frame.g.setAttribute("aria-level", frame.depth + 1);
  }
  plane.addEventListener("click", (event) => {
    const frame = frameOf(event);
    if (frame)
      zoom(frame);
  });
  plane.addEventListener("mouseover", (event) => {
    const frame = frameOf(event);
    if (frame)
      show(describe(frame));
  });
  plane.addEventListener("focusin", (event) => {
    const frame = frameOf(event);
    if (!frame)
      return;
    focused = frame;
    show(describe(frame));
  });
  window.addEventListener("keydown", keyPressed);
  window.addEventListener("hashchange", stateRead);
  window.addEventListener("resize", draw);
  window.addEventListener("scroll", placeStatus);
  stateRead();
  if (!inverted)
    window.scrollTo(0, Number(root.getAttribute("height")));
})();
