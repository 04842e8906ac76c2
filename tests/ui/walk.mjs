// Walks the pages in one Chromium. A step fails when what should be there is not, when the browser reports an error, when a
// request goes elsewhere, or when a page cannot be used by everybody (axe).
import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";

const { chromium } = await import(process.env.PLAYWRIGHT);
const told = JSON.parse(process.argv[2]);
const axe = readFileSync(process.env.AXE, "utf8");
const only = process.env.ONLY && new RegExp(process.env.ONLY, "i");

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
});
let faults = [];
const fail = (words) => {
  throw new Error(words);
};
const equal = (found, expected, what) => {
  if (JSON.stringify(found) !== JSON.stringify(expected)) fail(`${what}: ${JSON.stringify(found)}, where ${JSON.stringify(expected)} was expected`);
};

// A window, and what steps do in it. `refused` are the statuses that its steps mean to see.
const open = async (base, options = {}, refused = []) => {
  const context = await browser.newContext({ viewport: { width: 1360, height: 900 }, bypassCSP: false, permissions: ["clipboard-read", "clipboard-write"], ...options });
  const page = await context.newPage();
  page.setDefaultTimeout(10_000);
  page.on("request", (request) => {
    const url = new URL(request.url());
    if (url.origin !== base && !["data:", "blob:"].includes(url.protocol)) faults.push(`a request elsewhere: ${url}`);
  });
  page.on("console", (message) => {
    const meant = /^Failed to load resource.* (\d{3}) /.exec(message.text());
    if (["error", "warning"].includes(message.type()) && !(meant && refused.includes(Number(meant[1])))) faults.push(`console: ${message.text()}`);
  });
  page.on("pageerror", (error) => faults.push(`page: ${error}`));
  page.on("dialog", (dialog) => {
    faults.push(`dialog: ${dialog.message()}`);
    dialog.dismiss();
  });
  return page;
};

const picture = (page, name) => page.screenshot({ path: path.join(told.pictures, `${name}.png`), fullPage: true });

// What axe finds. It runs in a world of its own: the page lets no script in.
const accessible = async (page) => {
  const session = await page.context().newCDPSession(page);
  const { frameTree } = await session.send("Page.getFrameTree");
  const { executionContextId: contextId } = await session.send("Page.createIsolatedWorld", { frameId: frameTree.frame.id, worldName: "axe" });
  const run = async (expression) => {
    const { result, exceptionDetails } = await session.send("Runtime.evaluate", { contextId, expression, awaitPromise: true, returnByValue: true });
    if (exceptionDetails) fail(`axe: ${exceptionDetails.exception?.description ?? exceptionDetails.text}`);
    return result.value;
  };
  await run(`${axe};0`);
  const found = await run(`axe.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"] }).then(({ violations }) => violations.map(({ id, help, nodes }) => id + ": " + help + ": " + nodes.slice(0, 3).map(({ html }) => html.slice(0, 160)).join(" | ")))`);
  if (found.length > 0) fail(`axe: ${found.join("\n")}`);
};

const narrow = async (page) => {
  const [found, width] = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
  if (found > width) fail(`the page is ${found} wide in a window of ${width}`);
};

const asked = (page) => page.getByRole("button", { name: "Ask the model" }).click();
const at = async (page, base, name) => {
  await page.goto(`${base}/#/${name}`);
  await page.getByRole("heading", { name: "Try a row" }).waitFor();
};
const predictions = async (base, name, rows, query = "") => {
  const response = await fetch(`${base}/v1/models/${name}:predict${query}`, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify({ instances: rows }) });
  return (await response.json()).predictions;
};
const { base, single, secured, key, without } = told;
const example = async (name) => (await (await fetch(`${base}/console/models/${name}`)).json()).example.row;

const steps = {
  async "a row"() {
    const page = await open(base);
    await page.goto(base);
    await page.getByRole("heading", { name: "Try a row" }).waitFor();
    equal(new URL(page.url()).hash, "#/wine", "the first model");
    await asked(page);
    await page.locator(".answer").waitFor();
    const [expected] = await predictions(base, "wine", [await example("wine")]);
    equal(await page.locator(".answer").textContent(), String(expected), "the answer");
    equal(await page.locator(".bars li").count(), 3, "classes");
    const [shares] = await predictions(base, "wine", [await example("wine")], "?method=predict_proba");
    equal(await page.locator(".bars .value").first().textContent(), `${(Math.max(...shares) * 100).toFixed(1)} %`, "the highest share");
    await accessible(page);
    await page.waitForTimeout(4500);
    await picture(page, "wine");
  },
  async "a wrong row"() {
    const page = await open(base, {}, [400]);
    await at(page, base, "wine");
    const field = page.getByLabel("malic_acid");
    await field.fill("plenty");
    await asked(page);
    await page.locator("#answer .note.bad").filter({ hasText: "malic_acid" }).waitFor();
    equal(await field.getAttribute("aria-invalid"), "true", "the field");
    equal(await field.evaluate((node) => node === document.activeElement), true, "the focus");
    await accessible(page);
    await picture(page, "wrong-row");
    await field.fill("1.7");
    await asked(page);
    await page.locator(".answer").waitFor();
    equal(await field.getAttribute("aria-invalid"), null, "the field, mended");
  },
  async "a method"() {
    const page = await open(base);
    await at(page, base, "classification");
    await page.locator("#method").selectOption("predict_proba");
    await asked(page);
    await page.locator(".bars li").first().waitFor();
    if (!(await page.locator("pre").first().textContent()).includes("?method=predict_proba")) fail("the request does not name the method");
  },
  async "rows in JSON, by the keyboard"() {
    const page = await open(base);
    await at(page, base, "recruitment-rank");
    await page.keyboard.press("Tab");
    equal(await page.evaluate(() => document.activeElement.textContent), "Skip to the content", "the first stop");
    await page.getByRole("tab", { name: "Form" }).focus();
    await page.keyboard.press("ArrowRight");
    const row = await example("recruitment-rank");
    await page.getByLabel("Body of the request").fill(JSON.stringify({ instances: [row, { ...row, backlogs: 9 }] }));
    await page.getByRole("button", { name: "Ask the model" }).press("Enter");
    await page.locator("#answer tbody tr").nth(1).waitFor();
    const found = await page.locator("#answer tbody td").allTextContents();
    equal(found, (await predictions(base, "recruitment-rank", [row, { ...row, backlogs: 9 }])).map(String), "the answers");
    await page.getByRole("tab", { name: "Form" }).click();
    await page.getByLabel("backlogs").press("Enter");
    await page.locator(".answer").waitFor();
  },
  async "the request as code"() {
    const page = await open(base);
    await at(page, base, "recruitment-rank");
    await page.getByLabel("projects").fill("2");
    await asked(page);
    await page.locator(".answer").waitFor();
    const answer = Number(await page.locator(".answer").textContent());
    await page.getByRole("button", { name: "Copy: the request as curl" }).click();
    const curl = await page.evaluate(() => navigator.clipboard.readText());
    equal(JSON.parse(execFileSync("bash", ["-c", curl.replace(/^curl/, "curl -sf --noproxy '*'")], { encoding: "utf8" })).predictions, [answer], "what curl prints");
    await page.getByRole("tab", { name: "Python" }).click();
    await page.getByRole("button", { name: "Copy: the request in Python" }).click();
    const script = await page.evaluate(() => navigator.clipboard.readText());
    equal(JSON.parse(execFileSync(told.python, ["-c", script], { encoding: "utf8" })), [answer], "what Python prints");
    await accessible(page);
  },
  async "a file"() {
    const page = await open(base, {}, [400]);
    await at(page, base, "recruitment-rank");
    const { columns, data } = JSON.parse(readFileSync(told.rows, "utf8")).dataframe_split;
    const rows = Array.from({ length: 12_000 }, (_, row) => data[row % data.length]);
    const file = path.join(told.folder, "rows.csv");
    writeFileSync(file, [["note, of \"mine\"", ...columns], ...rows.map((cells, row) => [`line\n${row}`, ...cells])].map((cells) => cells.map((cell) => `"${String(cell).replaceAll('"', '""')}"`).join(",")).join("\r\n"));
    await page.locator("#file").setInputFiles(file);
    const button = page.getByRole("button", { name: "Download with predictions" });
    await button.waitFor();
    await accessible(page);
    await picture(page, "file");
    const [download] = await Promise.all([page.waitForEvent("download"), button.click()]);
    equal(download.suggestedFilename(), "rows-predictions.csv", "the file's name");
    const script = "import pandas, sys; frame = pandas.read_csv(sys.argv[1]); print(frame.shape, list(frame.columns)[0], list(frame.columns)[-1], frame.iloc[-1].iloc[0].split()[-1], repr(float(frame['prediction'].iloc[0])))";
    const [first] = await predictions(base, "recruitment-rank", [Object.fromEntries(columns.map((name, at) => [name, data[0][at]]))]);
    equal(execFileSync(told.python, ["-c", script, await download.path()], { encoding: "utf8" }).trim(), `(12000, ${columns.length + 2}) note, of "mine" prediction 11999 ${Number.isInteger(first) ? `${first}.0` : first}`, "the file");
  },
  async "a file, dropped"() {
    const page = await open(base, {}, [400]);
    await at(page, base, "wine");
    const row = await example("wine");
    const drop = async (text) => {
      const data = await page.evaluateHandle((text) => {
        const transfer = new DataTransfer();
        transfer.items.add(new File([text], "wines.csv", { type: "text/csv" }));
        return transfer;
      }, text);
      await page.locator(".drop").dispatchEvent("drop", { dataTransfer: data });
    };
    const head = Object.keys(row).join(";");
    const cells = Object.values(row);
    await drop(`\ufeff${head}\n${cells.join(";")}\n${cells.join(";")}\n`);
    await page.getByText("2 rows answered").first().waitFor();
    const bad = cells.with(0, "strong").join(";");
    await drop(`${head}\n${cells.join(";")}\n${bad}\n`);
    await page.locator(".note.bad").filter({ hasText: /row 2\b/ }).waitFor();
    await drop("");
    await page.locator(".note.bad").filter({ hasText: "empty" }).waitFor();
  },
  async "rate and latency, while the page is seen"() {
    const page = await open(single);
    let polls = 0;
    page.on("request", (request) => (polls += request.url().endsWith("/stats")));
    await page.goto(single);
    await page.getByRole("heading", { name: "Live" }).waitFor();
    equal(await page.locator("#chooser").isVisible(), false, "a list of one model");
    for (let count = 0; count < 30; count += 1) await predictions(single, "wine", [await example("wine")]);
    await page.locator(".plot .now").nth(1).filter({ hasText: /s$/ }).waitFor();
    await page.getByText(/Since the server started: \d+ answered/).waitFor();
    await page.evaluate(() => {
      Object.defineProperty(document, "hidden", { configurable: true, get: () => true });
      document.dispatchEvent(new Event("visibilitychange"));
    });
    await page.waitForTimeout(300);
    const before = polls;
    await page.waitForTimeout(3000);
    equal(polls, before, "questions of a page that nobody sees");
    await page.evaluate(() => {
      delete document.hidden;
      document.dispatchEvent(new Event("visibilitychange"));
    });
    await page.waitForTimeout(500);
    if (polls === before) fail("a page that is seen again asks nothing");
  },
  async "names that are markup"() {
    const page = await open(base);
    await at(page, base, "hostile");
    await page.getByText(told.markup, { exact: true }).first().waitFor();
    await page.getByText(/^Columns/).click();
    await asked(page);
    await page.locator(".bars .name").filter({ hasText: told.quotes }).waitFor();
    equal(await page.locator("main img, main b").count(), 0, "elements that names made");
    await page.getByRole("button", { name: "Copy: the request as curl" }).click();
    const curl = await page.evaluate(() => navigator.clipboard.readText());
    equal(JSON.parse(execFileSync("bash", ["-c", curl.replace(/^curl/, "curl -sf --noproxy '*'")], { encoding: "utf8" })).predictions.length, 1, "what curl is answered");
    await accessible(page);
    await picture(page, "hostile");
  },
  async "a model that does not load"() {
    const page = await open(base);
    await page.goto(`${base}/#/broken`);
    await page.locator(".note.bad").waitFor();
    equal(await page.locator(".badge").textContent(), "failed", "its state");
    await accessible(page);
    await picture(page, "broken");
    await page.goto(`${base}/#/none`);
    await page.getByText("There is no model “none” here.").waitFor();
  },
  async "the API"() {
    const page = await open(base);
    await page.goto(`${base}/docs`);
    await page.locator("details[open] textarea").waitFor();
    await accessible(page);
    await picture(page, "docs");
    const own = page.locator("details[open]");
    await own.getByRole("button", { name: "Send" }).click();
    await own.getByText("200 OK").waitFor();
    const sent = [/\/v2\/models\/wine\/infer$/, /^\/v2\/models\/wine$/, /^\/invocations$/];
    for (const name of sent) {
      const one = page.getByRole("region", { name: "wine", exact: true }).locator("details").filter({ has: page.locator("summary code", { hasText: name }) });
      await one.locator("summary").click();
      await one.getByRole("button", { name: "Send" }).click();
      await one.getByText("200 OK").waitFor();
    }
    await accessible(page);
    await page.goto(`${base}/docs/`);
    await page.locator("details[open] textarea").waitFor();
    await page.getByRole("link", { name: "Models" }).click();
    await page.getByRole("heading", { name: "Try a row" }).waitFor();
  },
  async "in the dark"() {
    const page = await open(base, { colorScheme: "dark" });
    await at(page, base, "recruitment-rank");
    await asked(page);
    await page.locator(".answer").waitFor();
    await accessible(page);
    await page.waitForTimeout(300);
    await picture(page, "dark");
    await page.goto(`${base}/docs`);
    await page.locator("details[open] textarea").waitFor();
    await accessible(page);
    await picture(page, "docs-dark");
  },
  async "on a phone"() {
    const page = await open(base, { viewport: { width: 375, height: 740 }, hasTouch: true, isMobile: true });
    for (const name of ["wine", "recruitment-rank", "chatbot-intents", "hostile"]) {
      await at(page, base, name);
      await asked(page);
      await page.locator(".answer").waitFor();
      await narrow(page);
    }
    await accessible(page);
    await at(page, base, "wine");
    await picture(page, "phone");
    await page.goto(`${base}/docs`);
    await page.locator("details[open] textarea").waitFor();
    await narrow(page);
    await picture(page, "docs-phone");
  },
  async "an API key"() {
    const page = await open(secured, {}, [401]);
    await page.goto(secured);
    const field = page.getByLabel("API key", { exact: true });
    await field.waitFor();
    if ((await page.content()).includes("wine")) fail("the page names a model to who has no key");
    await accessible(page);
    await picture(page, "key");
    await field.fill("ls_wrong");
    await page.getByRole("button", { name: "Use the key" }).click();
    await page.getByRole("alert").filter({ hasText: "not one of this server's" }).waitFor();
    await field.fill(key);
    await field.press("Enter");
    await page.getByRole("heading", { name: "Try a row" }).waitFor();
    await asked(page);
    await page.locator(".answer").waitFor();
    const curl = await page.locator("pre").first().textContent();
    if (curl.includes(key) || !curl.includes("$LONGSHORE_API_KEY")) fail(`curl shows the key or none: ${curl}`);
    equal(JSON.parse(execFileSync("bash", ["-c", curl.replace(/^curl/, "curl -sf --noproxy '*'")], { encoding: "utf8", env: { ...process.env, LONGSHORE_API_KEY: key } })).predictions.length, 1, "what curl is answered");
    equal(await page.evaluate(() => [localStorage.length, document.cookie, Object.keys(sessionStorage)]), [0, "", ["longshore-key"]], "what the browser keeps");
    await page.getByRole("link", { name: "API" }).click();
    await page.locator("details[open] textarea").waitFor();
    await page.locator("details[open]").getByRole("button", { name: "Send" }).click();
    await page.getByText("200 OK").waitFor();
    await page.getByRole("button", { name: "Forget the key" }).click();
    await page.getByLabel("API key", { exact: true }).waitFor();
    await page.keyboard.press("Escape");
    await page.getByText("An API key is needed").waitFor();
  },
  async "without pages"() {
    const page = await open(without, {}, [404]);
    const response = await page.goto(without);
    equal([response.headers()["content-type"], await response.text()], ["application/json", '{"status":"alive"}'], "the answer to a browser");
    for (const name of ["docs", "openapi.json", "console/models"]) equal((await page.request.get(`${without}/${name}`)).status(), 404, name);
  },
};

let failed = 0;
for (const [name, step] of Object.entries(steps)) {
  if (only && !only.test(name)) continue;
  const begun = Date.now();
  faults = [];
  try {
    await step();
  } catch (error) {
    faults.unshift(String(error.stack ?? error).split("\n").slice(0, 12).join("\n    "));
  }
  const contexts = browser.contexts();
  if (faults.length > 0) {
    failed += 1;
    const page = contexts.at(-1)?.pages().at(-1);
    await page?.screenshot({ path: path.join(told.pictures, `FAILED-${name.replaceAll(/[^a-z]+/gi, "-")}.png`), fullPage: true }).catch(() => {});
  }
  for (const context of contexts) await context.close();
  console.log(`${faults.length > 0 ? "FAILED" : "ok"} ${name} (${Date.now() - begun} ms)`);
  for (const fault of faults) console.log(`  ${fault}`);
}
await browser.close();
console.log(`${failed} failed`);
process.exit(failed > 0 ? 1 : 0);
