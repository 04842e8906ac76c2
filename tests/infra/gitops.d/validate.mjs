// Checks objects of custom kinds against the schemas of their CRDs, twice: by the schemas' own validators, and by the
// compiler against the schemas' types, which also finds fields that do not exist (the API server would drop them silently).
// usage: node validate.mjs PACKAGES <objects.json     PACKAGES is the folder that ./node prints; objects.json is [{where, object}, …]
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const packages = process.argv[2];
const PACKAGE_OF = {
  "argoproj.io": "argo-cd",
  "external-secrets.io": "external-secrets",
  "generators.external-secrets.io": "external-secrets",
  "karpenter.k8s.aws": "karpenter",
  "karpenter.sh": "karpenter",
  "monitoring.coreos.com": "prometheus-operator",
};
const objects = JSON.parse(readFileSync(0, "utf8"));
const findings = [];
let program = "";
for (const [index, { where, object }] of objects.entries()) {
  const [group] = object.apiVersion.split("/");
  if (!PACKAGE_OF[group]) {
    findings.push(`${where}: no schema is known for ${object.apiVersion} ${object.kind}`);
    continue;
  }
  const module = `@kubernetes-models/${PACKAGE_OF[group]}/${object.apiVersion}/${object.kind}`;
  const { [object.kind]: Kind } = await import(pathToFileURL(join(packages, "node_modules", `${module}.js`)));
  try {
    new Kind(object).validate();
  } catch (error) {
    findings.push(`${where}: ${error.message}`);
  }
  program += `import type { I${object.kind} as K${index} } from "${module}";\nexport const o${index}: K${index} = ${JSON.stringify(object)};\n`;
}

const ts = createRequire(join(packages, "package.json"))("typescript");
const folder = mkdtempSync(join(packages, "types-"));
const file = join(folder, "objects.ts");
writeFileSync(file, program);
const checked = ts.createProgram([file], {
  module: ts.ModuleKind.NodeNext,
  moduleResolution: ts.ModuleResolutionKind.NodeNext,
  noEmit: true,
  skipLibCheck: true,
  strict: true,
  target: ts.ScriptTarget.ES2022,
  types: [],
});
for (const diagnostic of ts.getPreEmitDiagnostics(checked)) {
  const line = diagnostic.file?.fileName === file ? diagnostic.file.getLineAndCharacterOfPosition(diagnostic.start).line : -1;
  const message = ts.flattenDiagnosticMessageText(diagnostic.messageText, " ");
  findings.push(`${line < 0 ? "compiler" : objects[Math.floor(line / 2)].where}: ${message}`);
}
rmSync(folder, { recursive: true });
for (const finding of findings) console.error(finding);
console.log(`${objects.length} objects checked, ${findings.length} findings`);
process.exit(findings.length ? 1 : 0);
