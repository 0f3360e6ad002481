// The source of the chosen function, where --source put it into the page.
"use strict";

class Source {
  constructor(profile, sources) {
    this.profile = profile;
    this.sources = new Map(sources.map((source) => [source.function, source]));
    this.title = element("h2");
    this.place = element("p", { className: "note" });
    this.code = element("ol", { className: "code" });
    this.host = element("section", { className: "source" }, this.title, this.place,
      element("div", { className: "scroll", tabIndex: 0, role: "region", "aria-label": "Source" }, this.code));
    this.host.view = this;
  }

  show(fn) {
    const { profile } = this, f = profile.functions[fn], source = this.sources.get(fn), sum = profile.of(fn);
    this.title.textContent = profile.name(fn).slice(0, 300);
    this.place.textContent = f.file ? Text.harmless(f.file) + ":" + f.line : "Its source is not known.";
    if (f.file && !source)
      this.place.textContent += " is not in this page";
    const lines = source ? source.text.replace(/\n$/, "").split("\n") : [];
    this.code.replaceChildren(...lines.map((text, i) => {
      const number = source.line + i, item = element("li", { value: number }, Text.harmless(text.replaceAll("\t", "    ")));
      if (number === f.line) {
        item.className = "entry";
        item.append(element("span", { className: "numbers" }, "self " + profile.amount(sum.self) + ", total " +
          profile.amount(sum.total) + (profile.hasCalls ? ", " + Text.counted(sum.calls, "call") : "")));
      }
      return item;
    }));
  }

  key() {
    return false;
  }
}
