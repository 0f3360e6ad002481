// The flame graph in headless Chromium: what a person does with it, and what it must never do.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, beforeEach, afterEach, describe, it } from "node:test";

const TRACEAN = process.env.TRACEAN || "tracean";
const CHROMIUM = process.env.CHROMIUM || "/usr/bin/chromium";
const FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update",
  "--disable-sync", "--no-first-run"];
const HOSTILE = "</title><script>window.hurt=1</script><img src=x onerror=window.hurt=1>]]>";
const STACKS = [
  "main;parse;lex 400", "main;parse;alloc 100", "main;parse 100", "main;compute 300", "main;compute;alloc 50",
  "main 50", "main;visit;visit;visit 60", "main;std::vector<int>::push_back(int const&) 30", `main;${HOSTILE} 10`,
  "main;tiny 1", "main;a=b&c%41 20",
].join("\n");
const TOTAL = 1121;

let folder, browser, context, page, errors, requests;

function draw(name, options = [], stacks = STACKS) {
  const file = join(folder, name);
  execFileSync(TRACEAN, ["flamegraph", "-", "-o", file, ...options], { input: stacks });
  return "file://" + file;
}

const frame = (name) => page.locator("#frames > g").filter({ has: page.locator("title", { hasText: name }) }).first();
const matched = () => page.locator("#status text").first().textContent();
const details = () => page.locator("#status text").last().textContent();
const widthOf = async (name) => (await frame(name).locator("rect").boundingBox())?.width ?? 0;
const hash = () => page.evaluate(() => location.hash);
const zoomTo = async (name) => {
  const before = await hash();
  await frame(name).locator("rect").click();
  await page.waitForFunction((old) => location.hash !== old, before);
  await page.waitForTimeout(30);
};
const settle = () => page.waitForTimeout(50);

async function newPage(options = {}) {
  context = await browser.newContext({ viewport: { width: 1280, height: 800 }, ...options });
  page = await context.newPage();
  page.on("console", (message) => errors.push(message.text()));
  page.on("pageerror", (error) => errors.push(String(error)));
  page.on("request", (request) => requests.push(request.url()));
}

const skip = !existsSync(CHROMIUM);
describe("flame graph", { skip: skip && "no " + CHROMIUM }, () => {
  before(async () => {
    const { chromium } = await import("playwright-core");
    folder = mkdtempSync(join(tmpdir(), "flamegraph-"));
    browser = await chromium.launch({ executablePath: CHROMIUM, args: FLAGS });
  });
  after(async () => {
    await browser?.close();
    rmSync(folder, { recursive: true, force: true });
  });
  beforeEach(async () => {
    errors = [];
    requests = [];
    await newPage();
    await page.goto(draw("a.svg"));
  });
  afterEach(async () => {
    assert.deepEqual(errors, [], "console");
    assert.ok(requests.every((url) => url.startsWith("file://")), requests.join(" "));
    await context.close();
  });

  it("shows every frame as wide as its time", async () => {
    const all = await widthOf("all (");
    assert.ok(Math.abs(all - 1260) < 25, `root is ${all} px`);
    for (const [name, value] of [["parse (", 600], ["lex (", 400], ["compute (", 350]])
      assert.ok(Math.abs(await widthOf(name) - all * value / TOTAL) < 1.5, name);
    assert.equal(await page.evaluate(() => window.hurt), undefined);
    assert.equal(await page.locator("img, script").count(), 1);
  });

  it("tells total, self and shares on hover", async () => {
    await frame("parse (").hover();
    assert.equal(await details(), "parse: total 600 samples, self 100 samples, 53.5 % of the run");
  });

  it("zooms by click and goes back by Backspace, Escape, 0 and the browser's button", async () => {
    await zoomTo("parse (");
    assert.equal(await hash(), "#z=main;parse");
    const all = await widthOf("all (");
    assert.ok(Math.abs(await widthOf("parse (") - all) < 1.5);
    assert.ok(Math.abs(await widthOf("lex (") - all * 4 / 6) < 1.5);
    assert.equal(await frame("compute (").isVisible(), false);
    await frame("lex (").hover();
    assert.match(await details(), /35\.7 % of the run, 66\.7 % of the zoom/);
    await zoomTo("lex (");
    await page.keyboard.press("Backspace");
    await settle();
    assert.equal(await hash(), "#z=main;parse");
    await page.keyboard.press("Escape");
    await settle();
    assert.ok(await frame("compute (").isVisible());
    await zoomTo("compute (");
    await page.goBack();
    await settle();
    assert.ok(await frame("parse (").isVisible());
    await zoomTo("compute (");
    await page.keyboard.press("0");
    await settle();
    assert.ok(await frame("parse (").isVisible());
  });

  it("finds by regular expression, counts overlaps once, steps through matches", async () => {
    await page.keyboard.press("/");
    await page.keyboard.type("^alloc$|^parse$|VISIT");
    assert.equal(await matched(), "2 functions, 58.0 % of the run"); // VISIT has capitals: exact; 650 of 1121
    await page.keyboard.press("Control+a");
    await page.keyboard.type("visit");
    assert.equal(await matched(), "1 function, 5.4 % of the run");
    assert.equal(await page.locator("#frames g.match").count(), 3);
    await page.keyboard.press("Enter");
    await page.keyboard.press("n");
    assert.match(await details(), /^visit: total 60/);
    const first = await page.evaluate(() => document.activeElement.dataset.v);
    await page.keyboard.press("n");
    assert.notEqual(await page.evaluate(() => document.activeElement.dataset.v.split(",")[0]), first.split(",")[0]);
    await page.keyboard.press("N");
    assert.equal(await page.evaluate(() => document.activeElement.dataset.v), first);
    await page.keyboard.press("Control+f");
    await page.keyboard.type("((");
    assert.ok(await page.locator("input.wrong").count());
    await page.keyboard.press("Escape");
    await settle();
    assert.equal(await page.locator("#frames g.match").count(), 0);
    assert.equal(await hash(), "");
  });

  it("walks by the arrow keys and zooms by Enter", async () => {
    await page.keyboard.press("ArrowUp"); // the root gets the focus
    await page.keyboard.press("ArrowUp"); // main
    await page.keyboard.press("ArrowUp"); // its heaviest child
    assert.match(await details(), /^parse:/);
    await page.keyboard.press("ArrowRight");
    assert.match(await details(), /^compute:/);
    await page.keyboard.press("ArrowDown");
    assert.match(await details(), /^main:/);
    await page.keyboard.press("ArrowUp");
    await page.keyboard.press("Enter");
    await settle();
    assert.equal(await hash(), "#z=main;parse");
  });

  it("restores its state from the address, also with hostile names and after the profile changed", async () => {
    await zoomTo("<script>");
    await page.keyboard.press("/");
    await page.keyboard.type("script");
    const address = page.url();
    await context.close();
    await newPage();
    await page.goto(address);
    await settle();
    assert.equal(await frame("compute (").isVisible(), false);
    assert.equal(await matched(), "1 function, 0.9 % of the run");
    assert.equal(await page.evaluate(() => document.querySelector("input").value), "script");
    assert.equal(await page.evaluate(() => window.hurt), undefined);
    await page.goto(address.replace(/#.*/, "#z=main;parse;gone;lex"));
    await settle();
    assert.ok(Math.abs(await widthOf("parse (") - await widthOf("all (")) < 1.5);
    assert.equal(await details(), "There is no gone here");
    await page.goto(address.replace(/#.*/, "#z=main;a%3Db%26c%2541"));
    await settle();
    assert.ok(Math.abs(await widthOf("a=b&c%41 (") - await widthOf("all (")) < 1.5);
    await page.goto(address.replace(/#.*/, "#z=%E0%A4%A&s=%"));
    await settle();
    assert.ok(await frame("compute (").isVisible());
  });

  it("puts the root on top when inverted, and says what it leaves out", async () => {
    await page.goto(draw("b.svg", ["--inverted", "--min-width", "5", "--title", "<build> 7"]));
    const y = async (name) => (await frame(name).locator("rect").boundingBox()).y;
    assert.ok(await y("all (") < await y("main (") && await y("main (") < await y("parse ("));
    assert.equal(await page.locator("#pruned").textContent(), "5 narrower frames left out: 9.9 % of the run");
    assert.equal(await page.locator("text.title").textContent(), "<build> 7");
    await page.goto(draw("e.svg", ["--title", "x".repeat(500)]));
    assert.match(await page.locator("text.title").textContent(), /^x{50,150}…$/);
  });

  it("is readable without its script", async () => {
    await context.close();
    await newPage({ javaScriptEnabled: false });
    await page.goto(draw("c.svg"));
    const text = await page.locator("#frames > g > text").allTextContents();
    for (const name of ["all", "main", "parse", "lex", "compute"])
      assert.ok(text.includes(name), name);
    assert.equal(await frame("lex (").locator("title").textContent(), "lex (400 samples, 35.7%)");
  });

  it("stays in its window: 400 and 1280 px, light and dark", async () => {
    for (const width of [400, 1280]) {
      for (const colorScheme of ["light", "dark"]) {
        await context.close();
        await newPage({ viewport: { width, height: 500 }, colorScheme });
        await page.goto(draw("d.svg") + "#s=alloc");
        await settle();
        assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= window.innerWidth));
        const root = await frame("all (").locator("rect").boundingBox();
        assert.ok(root.x >= 0 && root.x + root.width <= width, `${root.x}+${root.width}`);
        await frame("compute (").hover();
        if (process.env.SCREENSHOTS)
          await page.screenshot({ path: join(process.env.SCREENSHOTS, `flame-${width}-${colorScheme}.png`) });
      }
    }
  });

  it("keeps up with 20,000 frames", async () => {
    const lines = [];
    for (let i = 0; i < 20000; i++)
      lines.push(`main;f${i % 10};g${i % 100};h${i % 1000};leaf${i} 5`);
    await page.goto(draw("big.svg", ["--min-width", "0"], lines.join("\n")));
    const zoom_ms = await page.evaluate(() => new Promise((done) => {
      const start = performance.now();
      addEventListener("hashchange", () => requestAnimationFrame(() => done(performance.now() - start)), { once: true });
      location.hash = "#z=main;f1";
    }));
    assert.ok(zoom_ms < 2000, `zoom took ${zoom_ms} ms`);
  });
});
