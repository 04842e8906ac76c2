// Takes the pictures of the page at `base` into `folder`.
import path from "node:path";

const { chromium } = await import(process.env.PLAYWRIGHT);
const [base, folder] = process.argv.slice(2);
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: ["--no-sandbox", "--disable-gpu", "--disable-background-networking"] });
const page = await browser.newPage({ viewport: { width: 1200, height: 860 }, colorScheme: "light", reducedMotion: "reduce" });
page.setDefaultTimeout(15_000);
const picture = (name) => page.screenshot({ path: path.join(folder, `${name}.png`) });
const ask = () => page.getByRole("button", { name: "Ask the model" }).click();
const fill = async (row) => {
  for (const [name, value] of Object.entries(row)) await page.getByLabel(name).fill(value);
};

await page.goto(base);
await page.getByRole("heading", { name: "Try a row" }).waitFor();
await fill({ "mean radius": "17.99", "mean texture": "10.38", "mean smoothness": "0.1184" });
await ask();
await page.locator(".answer").waitFor();
await picture("page");

await fill({ "mean texture": "rough" });
await ask();
await page.locator("#answer .note.bad").waitFor();
await picture("page-wrong-row");

await page.goto(`${base}/docs`);
await page.getByRole("heading").first().waitFor();
await page.waitForTimeout(500);
await picture("page-docs");
await browser.close();
