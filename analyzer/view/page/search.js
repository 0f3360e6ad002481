// A field that searches functions by a regular expression, and what it found.
"use strict";

class Search {
  // `changed` is called when the pattern is another one, `left` when the field is done with.
  constructor(profile, changed, left) {
    this.profile = profile;
    this.pattern = "";
    this.found = false; // there is a pattern, and it is one
    this.matches = new Set(); // functions
    this.field = element("input", { type: "search", placeholder: "Search (regex)  /", spellcheck: false,
      "aria-label": "Search functions by regular expression" });
    this.output = element("output", { className: "matched", "aria-live": "polite" });
    this.field.addEventListener("input", () => {
      this.set(this.field.value);
      changed();
    });
    this.field.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" && event.key !== "Escape")
        return;
      if (event.key === "Escape") {
        this.set("");
        changed();
      }
      left();
      event.preventDefault();
      event.stopPropagation();
    });
  }

  // Small letters find both cases.
  static compile(pattern) {
    try {
      return new RegExp(pattern, /[A-Z]/.test(pattern) ? "u" : "iu");
    } catch (error) {
      return null;
    }
  }

  set(pattern) {
    const expression = Search.compile(pattern);
    this.pattern = pattern;
    this.found = pattern !== "" && expression !== null;
    if (this.field.value !== pattern)
      this.field.value = pattern;
    this.field.classList.toggle("wrong", expression === null);
    this.field.setAttribute("aria-invalid", String(expression === null));
    this.matches = new Set();
    for (let fn = 0; this.found && fn < this.profile.functions.length; fn++) {
      if (expression.test(this.profile.name(fn)))
        this.matches.add(fn);
    }
    this.tell("");
  }

  tell(text) {
    const number = Text.counted(this.matches.size, "function");
    this.output.textContent = this.found ? number + text : this.pattern === "" ? "" : "not a regular expression";
  }

  has(fn) {
    return this.matches.has(fn);
  }

  open() {
    this.field.focus();
    this.field.select();
  }
}
