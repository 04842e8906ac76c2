// Walks pages in one Chromium, each list of steps on a server of its own. A page fails when what should be on it is not,
// when a request fails that need not, or when the browser reports an error.
import path from "node:path";

import changes from "./changes.mjs";
import files from "./files.mjs";
import genai from "./genai.mjs";
import pages from "./pages.mjs";
import users from "./users.mjs";

const { chromium } = await import(process.env.PLAYWRIGHT);
const { pictures, walks } = JSON.parse(process.argv[2]);

// MLflow's own server refuses these too: who asks, where it has no users, and an experiment by a name that none has yet.
const REFUSED = [/\/users\/(current|list)$/, /\/experiments\/get-by-name$/, /\/registered-models\/get$/];
// The browser reports a refused request once more, without its address; sizes that change while a chart is drawn are no error.
const NOISE = [/^Failed to load resource/, /ResizeObserver loop/];
const PATIENCE = Number(process.env.PATIENCE ?? 20_000);

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
});
let faults = [];
const isOneOf = (patterns, text) => patterns.some((pattern) => pattern.test(text));
const fail = (words) => {
  throw new Error(words);
};

// A window on a server, for `who`, and what steps do in it.
const open = async (told, who) => {
  const { base } = told;
  const context = await browser.newContext({ viewport: { width: 1600, height: 1000 }, httpCredentials: who });
  const page = await context.newPage();
  page.setDefaultTimeout(PATIENCE);
  const own = (address) => address.startsWith(new URL(base).origin);
  // Nothing of the walk depends on other machines.
  await page.route((address) => !own(address.href) && /^https?:/.test(address.href), (route) => route.abort());
  page.on("console", (message) => {
    if (message.type() === "error" && !isOneOf(NOISE, message.text()) && !/ERR_FAILED/.test(message.text())) faults.push(`console: ${message.text()}`);
  });
  page.on("pageerror", (error) => faults.push(`page: ${error}`));
  page.on("requestfailed", (request) => {
    // a page that is left gives up what it still waits for
    const left = request.failure()?.errorText === "net::ERR_ABORTED";
    if (own(request.url()) && !left) faults.push(`request: ${request.url()}: ${request.failure()?.errorText}`);
  });
  page.on("response", (response) => {
    // a password is asked for before it is sent
    const asks = who && response.status() === 401;
    if (response.status() >= 400 && !asks && !isOneOf(REFUSED, new URL(response.url()).pathname)) faults.push(`${response.status()} ${response.request().method()} ${response.url()}`);
  });
  return {
    page,
    told,
    fail,
    open: (another) => open(told, another),
    at: (hash) => page.goto(`${base}/#${hash}`),
    shows: (text, where = page) => where.getByText(text).first().waitFor(),
    lacks: (text) => page.getByText(text, { exact: true }).first().waitFor({ state: "hidden" }),
    // MLflow's page marks what can be used by names that stay.
    component: (id) => page.locator(`[data-component-id="${id}"]`),
    dialog: () => page.getByRole("dialog").last(),
    // Does something, and waits for the answer that it leads to.
    answered: async (method, address, act) => {
      const asks = (it) => it.request().method() === method && address.test(new URL(it.url()).pathname);
      const [response] = await Promise.all([page.waitForResponse(asks), act()]);
      if (response.status() >= 400) fail(`${response.status()} ${response.url()}: ${await response.text()}`);
      return response;
    },
    // What was refused so far in this step was to be.
    forgive: () => {
      faults = [];
    },
  };
};

const lists = {
  all: (tools) => ({ ...pages(tools), ...genai(tools), ...files(tools), ...changes(tools) }),
  users,
  prefix: ({ page, told, shows, fail }) => ({
    async "below a prefix"() {
      // without the slash the page's files would be looked for beside it
      await page.goto(told.base);
      await shows("Recent Experiments");
      if (new URL(page.url()).pathname !== "/quay/") fail(`the page is at ${page.url()}`);
      await shows("Default");
    },
  }),
  plain: ({ page, told, shows }) => ({
    async "without MLflow's page"() {
      await page.goto(told.base);
      await shows("pip install mlflow");
    },
  }),
};

let failed = 0;
const only = process.env.ONLY && new RegExp(process.env.ONLY);
const began = Date.now();
for (const { walk, who, ...told } of walks) {
  const tools = await open(told, who);
  for (const [name, look] of Object.entries(lists[walk](tools))) {
    if (only && !only.test(name)) continue;
    const begun = Date.now();
    faults = [];
    try {
      await look();
    } catch (error) {
      faults.unshift(String(error).split("\n").slice(0, 3).join(" "));
    }
    if (faults.length > 0) {
      failed += 1;
      await tools.page.screenshot({ path: path.join(pictures, `${name.replaceAll(/[^a-z]+/gi, "-")}.png`) }).catch(() => {});
    }
    console.log(`${faults.length > 0 ? "FAILED" : "ok"} ${name} (${Date.now() - begun} ms)`);
    for (const fault of faults) console.log(`  ${fault}`);
  }
  await tools.page.context().close();
}
console.log(`${failed} failed in ${Math.round((Date.now() - began) / 1000)} s`);
await browser.close();
process.exit(failed > 0 ? 1 : 0);
