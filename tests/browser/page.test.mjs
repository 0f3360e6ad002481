// The page in headless Chromium: its numbers are the report's, everything can be reached by keys and heard, and nothing
// that stands in a trace is more than text.
import assert from "node:assert/strict";
import { join } from "node:path";
import { after, afterEach, before, describe, it } from "node:test";
import { Browser, FlameUser } from "./browser.mjs";

const browser = new Browser();
const trace = (name) => join(process.env.TRACES, name + ".zst");
const html = (name, ...options) => browser.make(name + ".html", ["html", trace(name), ...options]);
const report = (name) => JSON.parse(browser.tracean(["report", "--format", "json", "--top", "0", trace(name)]));
const VIEWS = ["flame", "chart", "sandwich", "functions", "tree", "histogram", "run"];

let page, user;

async function open(url, options) {
  page = await browser.page(url, options);
  user = new FlameUser(page);
}

const current = () => page.evaluate(() => document.querySelector("nav [aria-selected=true]").id.slice(4));
const view = (selector, code, ...words) => page.evaluate(([s, c, w]) =>
  new Function("view", "words", "return " + c)(document.querySelector(s).view, w), [selector, code, words]);

describe("page", () => {
  before(() => browser.open());
  after(() => browser.close());
  afterEach(() => browser.leave());

  it("shows the report's numbers in the table of functions", async () => {
    const wanted = report("threads").functions;
    await open(html("threads") + "#v=functions");
    const rows = await page.evaluate(() => Array.from(document.querySelectorAll(".functions tbody tr"), (row) =>
      [row.querySelector("th").textContent, ...Array.from(row.querySelectorAll("[data-value]"), (td) => Number(td.dataset.value))]));
    const keys = await page.evaluate(() => document.querySelector(".functions").view.columns
      .filter((column) => !column.isText).map((column) => column.key));
    assert.deepEqual(rows.map((row) => row[0]), wanted.map((f) => f.label));
    rows.forEach((row, i) => assert.deepEqual(row.slice(1), keys.map((key) => wanted[i][key]), row[0]));
    assert.match(await page.locator(".functions tbody tr").filter({ hasText: "item_step" }).textContent(), /20,000/);
  });

  it("shows the same in flame graph, sandwich, tree, histogram and timeline", async () => {
    const wanted = report("threads"), byLabel = (label) => wanted.functions.find((f) => f.label === label);
    await open(html("threads"));
    for (const f of wanted.functions) {
      const sum = await page.evaluate((label) => {
        const { profile } = document.querySelector(".flame").view;
        return profile.of(profile.functions.findIndex((g) => g.label === label));
      }, f.label);
      assert.deepEqual(sum, { self: f.exclusive_ns, total: f.inclusive_ns, calls: f.calls }, f.label);
    }
    await page.keyboard.press("5");
    const tree = await page.evaluate(() => Array.from(document.querySelector(".calltree tbody tr").cells, (td) => td.dataset.value));
    assert.equal(Number(tree[1]), wanted.functions.reduce((sum, f) => sum + f.exclusive_ns, 0));
    await page.goto(page.url().replace(/#.*/, "#v=histogram&f=item_process"));
    await page.locator(".histogram summary").click();
    const bins = await page.locator(".histogram tbody tr td:nth-child(3)").allTextContents();
    assert.equal(bins.reduce((sum, text) => sum + Number(text.replaceAll(",", "")), 0), byLabel("item_process").calls);
    await page.goto(page.url().replace(/#.*/, "#v=chart"));
    const chart = await page.evaluate(() => {
      const { frames, data } = document.querySelector(".chart").view;
      return [frames.lanes.length, data.calls, frames.lanes.reduce((sum, { tree: t }) =>
        sum + t.calls.slice(1).reduce((all, calls) => all + calls, 0), 0)];
    });
    assert.deepEqual(chart, [5, wanted.trace.calls, wanted.trace.calls]);
  });

  it("shows the report's findings, each line of an advice by itself", async () => {
    const wanted = report("tiny");
    assert.ok(wanted.findings.some((f) => f.kind === "tiny calls" && f.advice.includes("\n")));
    await open(html("tiny") + "#v=run");
    const shown = await page.evaluate(() => Array.from(document.querySelectorAll(".findings li"), (item) =>
      [item.querySelector("b").textContent, item.textContent, Array.from(item.querySelectorAll("code"), (c) => c.textContent)]));
    assert.equal(shown.length, wanted.findings.length);
    wanted.findings.forEach((f, i) => {
      assert.equal(shown[i][0], f.kind);
      assert.ok(shown[i][1].includes(wanted.functions[f.function].label + ": " + f.text), shown[i][1]);
      assert.deepEqual(shown[i][2], f.advice === "" ? [] : f.advice.split("\n"));
    });
    await browser.accessible();
  });

  it("compares two runs, with the numbers of both reports", async () => {
    const base = report("threads"), now = report("again");
    const byName = ({ functions }) => new Map(functions.map((f) => [f.name, f]));
    await open(browser.make("diff.html", ["html", "--diff", trace("threads"), trace("again")]) + "#v=functions");
    const rows = await view(".functions", "view.rows.map((row) => ({ ...row }))");
    assert.equal(rows.length, base.functions.length);
    for (const row of rows) {
      const was = byName(base).get(row.label), is = byName(now).get(row.label);
      assert.deepEqual([row.base_exclusive_ns, row.base_inclusive_ns, row.base_calls],
        [was.exclusive_ns, was.inclusive_ns, was.calls], row.label);
      assert.deepEqual([row.exclusive_ns, row.inclusive_ns, row.calls], [is.exclusive_ns, is.inclusive_ns, is.calls], row.label);
    }
    const mores = await page.locator(".functions tbody tr td:nth-child(2)").evaluateAll((cells) =>
      cells.map((cell) => Number(cell.dataset.value)));
    assert.deepEqual(mores, mores.slice().sort((a, b) => b - a));
    await browser.accessible();
    await browser.screenshot("page-diff-functions");
    await page.locator(".functions tbody button").filter({ hasText: "item_step" }).click();
    assert.equal(await current(), "sandwich");
    assert.match(await page.locator(".middle").innerText(), /^item_step: total .* → .*self .* → .*calls 20,000 → 20,000 \(±0 %\)/);
    const [was, is] = [base, now].map((of) => byName(of).get("item_step").inclusive_ns);
    for (const half of ["callers", "callees"]) // all of the function is in each, once
      assert.deepEqual(await view(".sandwich", `[view.${half}.lanes[0].tree.sides.base.total[0],
        view.${half}.lanes[0].tree.sides.now.total[0]]`), [was, is], half);
    await browser.accessible();
    await browser.screenshot("page-diff-sandwich");
    await page.keyboard.press("4");
    const first = await page.locator(".calltree tbody tr").nth(0).locator("[data-value]").evaluateAll((cells) =>
      cells.map((cell) => Number(cell.dataset.value)));
    const sum = (functions) => functions.reduce((total, f) => total + f.exclusive_ns, 0);
    const [before, after] = [base, now].map(({ functions }) => sum(functions));
    assert.deepEqual(first.slice(0, 3), [before, after, after - before]);
    await browser.accessible();
    await browser.screenshot("page-diff-tree");
    await page.keyboard.press("1");
    await page.keyboard.press("v"); // by callers
    await user.hover("item_step");
    assert.match(await user.details(), /calls 20,000 → 20,000 \(±0 %\)/);
    assert.equal(await page.locator("nav button").count(), 4);
    await browser.accessible();
    await browser.screenshot("page-diff");
    await open(page.url().replace(/#.*/, ""), { javaScriptEnabled: false });
    assert.match(await page.locator("noscript").first().innerText(), /item_step/);
  });

  it("marks the calls that did not return", async () => {
    await open(html("longjmp") + "#v=chart");
    const names = await view(".chart",
      "view.frames.lanes.flatMap((lane) => Array.from(lane.tree.calls, (_, node) => view.name(lane, node)))");
    const { unwound_frames: unwound, open_frames: left } = report("longjmp").trace;
    assert.ok(unwound > 0);
    assert.deepEqual([" [unwound]", " [open]"].map((mark) => names.filter((name) => name.endsWith(mark)).length),
      [unwound, left]);
  });

  it("counts recursion once", async () => {
    const wanted = report("recursion").functions;
    await open(html("recursion"));
    for (const f of wanted) {
      const sum = await page.evaluate((label) => {
        const { profile } = document.querySelector(".flame").view;
        const fn = profile.functions.findIndex((g) => g.label === label);
        return [profile.of(fn).total, profile.tree.callers(fn).total[0], profile.tree.callees(fn).total[0]];
      }, f.label);
      assert.deepEqual(sum, [f.inclusive_ns, f.inclusive_ns, f.inclusive_ns], f.label);
    }
  });

  it("can be used with keys alone", async () => {
    await open(html("threads"));
    for (const [i, name] of VIEWS.entries()) {
      await page.keyboard.press(String(i + 1));
      assert.equal(await current(), name);
    }
    await page.keyboard.press("4");
    await page.keyboard.press("/");
    await page.keyboard.type("^item_s");
    assert.match(await page.locator(".functions .matched").textContent(), /^1 function, self /);
    await page.keyboard.press("Tab"); // Copy
    await page.keyboard.press("Tab");
    await page.keyboard.press("Tab"); // the head's first button
    assert.equal(await page.evaluate(() => document.activeElement.textContent), "Function");
    await page.keyboard.press("Enter");
    assert.equal(await page.locator("[aria-sort=ascending]").textContent(), "Function");
    await page.locator(".functions tbody button").focus();
    await page.keyboard.press("Enter");
    assert.equal(await current(), "sandwich");
    assert.match(await page.locator(".middle").textContent(), /^item_step: /);
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("ArrowDown");
    assert.match(await page.locator("#status").textContent(), /^item_step: .*100\.0 % of the function/);
    await page.keyboard.press("5");
    await page.keyboard.press("ArrowDown");
    assert.equal(await page.evaluate(() => document.activeElement.getAttribute("aria-level")), "2");
    await page.keyboard.press("ArrowUp");
    await page.keyboard.press("ArrowLeft");
    assert.equal(await page.locator(".calltree tbody tr").count(), 1);
    await page.locator("#tab-tree").focus();
    await page.keyboard.press("ArrowRight");
    assert.equal(await current(), "histogram");
    await page.keyboard.press("?");
    assert.ok(await page.locator("dialog").isVisible());
    await page.keyboard.press("Escape");
    assert.equal(await page.locator("dialog").isVisible(), false);
  });

  it("zooms and pans the timeline down to a single call", async () => {
    await open(html("threads") + "#v=chart");
    const range = () => view(".chart", "[view.frames.from, view.frames.to]");
    const [first, last] = await range();
    await page.keyboard.press("w");
    const [from, to] = await range();
    assert.ok(Math.abs((to - from) * 2 - (last - first)) < 2);
    await page.keyboard.press("a");
    assert.ok((await range())[0] < from);
    const box = await page.locator(".chart .frames canvas").boundingBox();
    await page.mouse.move(box.x + 600, box.y + 40);
    await page.mouse.down();
    await page.mouse.move(box.x + 500, box.y + 40, { steps: 3 });
    await page.mouse.up();
    assert.ok((await range())[0] > (from - (last - first) / 8) - 1);
    await page.keyboard.press("0");
    await page.evaluate(() => {
      const { frames } = document.querySelector(".chart").view, lane = frames.lanes[1];
      frames.focus({ lane, node: lane.tree.nr - 1 });
    });
    await page.keyboard.press("Enter");
    await user.settle();
    const [start, end] = await range();
    assert.ok(end - start < 100000, `${end - start} ns`);
    assert.match(await page.locator(".chart .details").textContent(), /^item_(step|process): \d+(\.\d+)? [nu]s from \d\.\d{9} s on/);
    await page.waitForTimeout(250);
    const address = page.url();
    await open(address);
    const again = await range();
    assert.ok(Math.abs(again[0] - start) < 2 && Math.abs(again[1] - end) < 2);
    await page.keyboard.press("Escape");
    assert.deepEqual(await range(), [first, last]);
  });

  it("shows the timeline as a picture of its own", async () => {
    await open(browser.make("chart.svg", ["flamegraph", "--time-order", trace("threads")]));
    await page.keyboard.press("/");
    await page.keyboard.type("^item_step$");
    await page.keyboard.press("Enter");
    assert.equal(await page.locator(".matched").textContent(), "1 function");
    await page.keyboard.press("n");
    assert.match(await page.locator(".details").textContent(), /^item_step: /);
    await page.keyboard.press("Enter");
    assert.match(await user.hash(), /^#r=\d+-\d+&s=%5Eitem_step%24$/);
    const calls = await view(".chart", "view.frames.lanes.reduce((sum, { tree }) => sum + tree.calls.slice(1).reduce((a, b) => a + b, 0), 0)");
    assert.equal(calls, report("threads").trace.calls);
    await browser.accessible();
    await browser.screenshot("timeline-svg");
    await open(page.url().replace(/#.*/, ""), { javaScriptEnabled: false });
    assert.ok((await page.locator("#frames > g > title").allTextContents()).some((text) => text.startsWith("main (")));
  });

  it("keeps its state in the address", async () => {
    await open(html("threads"));
    await user.click("item_process");
    await page.keyboard.press("/");
    await page.keyboard.type("step");
    await page.waitForTimeout(250);
    assert.match(await user.hash(), /z=worker_main;item_process&s=step/);
    const address = page.url();
    await open(address);
    assert.match(await user.matched(), /^1 function/);
    assert.ok(Math.abs(await user.width("item_process") - await user.width("all")) < 2);
    await page.keyboard.press("4");
    await page.locator(".functions tbody button").first().click();
    assert.equal(await current(), "sandwich");
    await page.goBack();
    assert.equal(await current(), "functions");
    await page.goto(address.replace(/#.*/, "#v=nonsense&f=nobody&z=%ZZ&r=5-1&i=2"));
    assert.equal(await current(), "flame");
  });

  it("breaks no rule of accessibility, light and dark, wide and narrow, in any view", async () => {
    for (const [width, colorScheme] of [[1280, "light"], [400, "dark"]]) {
      await open(html("threads"), { viewport: { width, height: 800 }, colorScheme });
      for (const [i, name] of VIEWS.entries()) {
        await page.keyboard.press(String(i + 1));
        await user.settle();
        assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= window.innerWidth), name);
        await browser.accessible();
        await browser.screenshot(`page-${width}-${name}`);
      }
    }
    await page.keyboard.press("t");
    assert.equal(await page.evaluate(() => getComputedStyle(document.documentElement).getPropertyValue("--ink").trim()), "#1d1d1d");
    await browser.accessible();
  });

  it("shows hostile names as what they are", async () => {
    await open(html("hostile"));
    for (const [i] of VIEWS.entries()) {
      await page.keyboard.press(String(i + 1));
      await user.settle();
    }
    await page.keyboard.press("4");
    const names = await page.locator(".functions tbody th").allTextContents();
    for (const name of ["</title></script><script>window.hurt=1</script>", "\"><img src=x onerror=\"window.hurt=1\">",
      "\\u001b[31mred\\u001b]0;title\\u0007", "right\\u202etfel\\u200f\\u2066", "semi;colon;and\\u000anewline 99"])
      assert.ok(names.includes(name), name + " in " + names.map((n) => n.slice(0, 80)));
    await page.locator(".functions tbody button").filter({ hasText: "onerror" }).click();
    assert.equal(await page.evaluate(() => window.hurt), undefined);
    assert.equal(await page.locator("img, iframe, object").count(), 0);
    await browser.accessible();
    const svg = browser.make("hostile.svg", ["flamegraph", trace("hostile")]);
    await open(svg);
    await user.hover("\"><img src=x onerror=\"window.hurt=1\">");
    assert.equal(await page.evaluate(() => window.hurt), undefined);
  });

  it("shows one thread, with the numbers of its report, and all of them again", async () => {
    const threads = report("threads").thread_list.filter((t) => t.calls > 0).sort((a, b) => b.calls - a.calls);
    const url = html("threads");
    await open(url + "#v=functions");
    const choice = page.locator("#thread");
    assert.deepEqual(await choice.locator("option").allTextContents(), ["All threads",
      ...threads.map((t) => `${t.name === "" ? "thread" : t.name} ${t.tid}, ${t.calls.toLocaleString("en-US")} call${t.calls === 1 ? "" : "s"}`)]);
    const rows = () => page.evaluate(() => Array.from(document.querySelectorAll(".functions tbody tr"), (row) =>
      [row.querySelector("th").textContent, ...Array.from(row.querySelectorAll("[data-value]"), (td) => Number(td.dataset.value))]));
    const all = await rows();
    for (const { pid, tid } of threads) {
      const wanted = JSON.parse(browser.tracean(["report", "--format", "json", "--top", "0", "--thread", String(tid), trace("threads")]));
      await choice.selectOption(pid + "." + tid);
      const keys = await page.evaluate(() => document.querySelector(".functions").view.columns
        .filter((column) => !column.isText).map((column) => column.key));
      assert.deepEqual(await rows(), wanted.functions.map((f) => [f.label, ...keys.map((key) => f[key])]));
      assert.match(await page.locator("#summary").textContent(), new RegExp("1 thread, " + wanted.trace.calls.toLocaleString("en-US") + " call"));
      assert.equal(await user.hash(), "#v=functions&t=" + pid + "." + tid);
    }
    await browser.accessible();
    await choice.selectOption("");
    assert.deepEqual(await rows(), all);
    assert.equal(await user.hash(), "#v=functions");
  });

  it("keeps the thread in every view, in the address, and for the timeline's choice of a function", async () => {
    const [busiest] = report("threads").thread_list.sort((a, b) => b.calls - a.calls), id = busiest.pid + "." + busiest.tid;
    await open(html("threads") + "#t=" + id);
    assert.equal(await page.locator("#thread").inputValue(), id);
    const calls = async (selector) => view(selector, "view.profile.tree.calls.slice(1).reduce((a, b) => a + b, 0)");
    assert.equal(await calls(".flame"), busiest.calls);
    await page.keyboard.press("5");
    assert.equal(await calls(".calltree"), busiest.calls);
    await page.keyboard.press("6");
    await page.locator(".toolbar input").first().fill("item_step");
    await page.keyboard.press("Enter");
    await page.locator(".histogram summary").click();
    const bins = await page.locator(".histogram tbody tr td:nth-child(3)").allTextContents();
    assert.equal(bins.reduce((sum, text) => sum + Number(text.replaceAll(",", "")), 0), 8000);
    await page.keyboard.press("2");
    assert.equal(await view(".chart", "view.frames.lanes.length"), 5); // the timeline has all of them
    const fn = await view(".chart", "view.profile.labels.indexOf('item_process')");
    await view(".chart", "view.events.chosen(words[0], true)", fn);
    assert.equal(await current(), "sandwich");
    assert.match(await page.locator(".middle").textContent(), /^item_process: .* 4,000 calls/);
    await page.goBack();
    assert.equal(await current(), "chart");
    await page.goto(page.url().replace(/#.*/, "#t=1.2"));
    assert.match(await page.locator("#status").textContent(), /There is no thread 1\.2 here/);
    assert.equal(await page.locator("#thread").inputValue(), "");
    await open(html("recursion"));
    assert.ok(await page.locator("#thread").isHidden()); // there is one
  });

  it("tells how long the calls of a frame's function take, in the page and in the picture", async () => {
    const step = report("threads").functions.find((f) => f.label === "item_step");
    const amount = (value) => page.evaluate((v) => document.querySelector(".flame").view.profile.amount(v), value);
    for (const url of [html("threads"), browser.make("threads.svg", ["flamegraph", trace("threads")])]) {
      await open(url);
      await user.hover("item_step");
      const words = `a call: half within ${await amount(step.p50_ns)}, 99 % within ${await amount(step.p99_ns)}, ` +
        `the longest ${await amount(step.max_ns)}`;
      assert.ok((await page.locator(".tip").textContent()).includes(words), words);
    }
  });

  it("shows source where it was asked for", async () => {
    await open(html("threads", "--source") + "#v=source&f=item_process");
    const entry = page.locator(".code .entry");
    assert.match(await entry.textContent(), /item_process.*self .*, total .*, 10,000 calls/);
    await page.keyboard.press("/");
    await page.keyboard.type("worker_main");
    await page.keyboard.press("Enter");
    assert.equal(await current(), "source");
    assert.match(await entry.textContent(), /worker_main.*, 4 calls/);
    await browser.accessible();
    await browser.screenshot("page-source");
  });

  it("shows the heap: over time, by function, and as flame graphs that weigh it", async () => {
    const { memory, functions } = JSON.parse(browser.tracean(["report", "--memory", "--format", "json", trace("memory")]));
    await open(html("memory") + "#v=memory");
    assert.equal(await current(), "memory");
    assert.match(await page.locator(".memory svg #peak").textContent(), /peak: 14.1 kB/);
    await browser.accessible();
    await browser.screenshot("page-memory");
    const choice = page.locator(".memory select").first();
    await choice.selectOption("functions");
    const rows = await page.evaluate(() => Array.from(document.querySelectorAll(".memory tbody tr"), (row) =>
      [row.querySelector("th").textContent, ...Array.from(row.querySelectorAll("[data-value]"), (td) => Number(td.dataset.value))]));
    const wanted = functions.filter((f) => f.allocated.blocks > 0);
    assert.deepEqual(rows, wanted.map((f) => [f.name, f.peak.bytes, f.peak.blocks, f.allocated.bytes, f.allocated.blocks,
      f.temporary, f.live.bytes, f.live.blocks]));
    for (const [i, whole] of [memory.peak.bytes, memory.allocated.bytes, memory.allocated.blocks, memory.live.bytes].entries()) {
      await choice.selectOption(String(i));
      assert.equal(await page.evaluate(() => document.querySelector(".memory .flame").view.profile.tree.total[0]), whole);
    }
    await open(html("threads"));
    assert.equal(await page.locator("#tab-memory").count(), 0);
  });

  it("lets no other script run", async () => {
    await open(html("threads"));
    await page.evaluate(() => {
      const script = document.createElement("script");
      script.textContent = "window.hurt = 1";
      document.body.append(script);
    });
    assert.equal(await page.evaluate(() => window.hurt), undefined);
    assert.ok(browser.errors.some((text) => text.includes("Content Security Policy")));
    browser.errors.length = 0;
  });

  it("takes folded stacks, and has a table for readers without scripts", async () => {
    const url = browser.make("folded.html", ["html", "-"], "main;a 5\nmain;b 7\n");
    await open(url);
    assert.equal(await page.locator("nav button").count(), 5);
    await open(url, { javaScriptEnabled: false });
    assert.match(await page.locator("noscript").first().innerText(), /b/);
  });
});
