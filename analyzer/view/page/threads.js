// The choice of a thread: what the page shows is of all of them together, or of one.
"use strict";

class Threads {
  // `list`: pid, tid, calls and name of each that stands in the page, by calls; `others`: how many do not.
  constructor(list, others, chosen) {
    this.ids = list.map((thread) => thread.pid + "." + thread.tid);
    this.parts = new Map();
    this.field = document.getElementById("thread");
    const choices = list.map((thread, i) => element("option", { value: this.ids[i] }, Threads.label(thread, list)));
    if (others > 0)
      choices.push(element("option", { disabled: true }, Text.counted(others, "thread") + " more: tracean html --thread"));
    this.field.replaceChildren(element("option", { value: "" }, "All threads"), ...choices);
    this.field.hidden = list.length === 0;
    this.field.addEventListener("change", () => chosen(this.field.value));
  }

  static label({ pid, tid, name, calls }, list) {
    const number = list.some((other) => other.pid !== pid) ? pid + "/" + tid : String(tid);
    return (name === "" ? "thread " : Text.harmless(name).slice(0, 40) + " ") + number + ", " + Text.counted(calls, "call");
  }

  has(id) {
    return id === "" || this.ids.includes(id);
  }

  // What stands in the page of a thread; read when it is first wanted.
  part(id) {
    if (!this.parts.has(id)) {
      const { data, report } = Page.read("thread-" + this.ids.indexOf(id));
      this.parts.set(id, { data, report, profile: new Profile(data, report.functions) });
    }
    return this.parts.get(id);
  }

  show(id) {
    this.field.value = id;
  }
}
