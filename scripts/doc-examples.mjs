// Compiles every TypeScript example in the documentation against the packages as they are. A comment `<!-- with: … -->` before one says, for
// the compiler only, what it takes for granted.
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from './lib/root.mjs'
import { run, tool } from './lib/run.mjs'

const folder = join(root, 'node_modules/.cache/doc-examples')
rmSync(folder, { recursive: true, force: true })
mkdirSync(folder, { recursive: true })

const files = []
for (const page of ['README.md', ...readdirSync(join(root, 'docs')).map(name => `docs/${name}`)]) {
  if (!page.endsWith('.md')) continue
  const text = readFileSync(join(root, page), 'utf8')
  for (const match of text.matchAll(/^(?:<!-- with: (.*) -->\n+)?```ts\n([^]*?)^```$/gm)) {
    // The name leads from an error to its place: docs-xenstore-line-9.ts.
    const line = text.slice(0, match.index).split('\n').length + 1
    const name = `${page.replace(/\W+/g, '-').replace(/-md$/, '')}-line-${line}.ts`
    writeFileSync(join(folder, name), `${match[1] ?? ''}\n${match[2]}\nexport {}\n`)
    files.push(name)
  }
}
const compilerOptions = {
  noEmit: true,
  noUnusedLocals: false,
  rewriteRelativeImportExtensions: false,
  allowImportingTsExtensions: true,
  customConditions: ['@stubdom/source'],
  typeRoots: [join(root, 'node_modules/@types')],
}
writeFileSync(
  join(folder, 'tsconfig.json'),
  JSON.stringify({ extends: join(root, 'tsconfig.base.json'), compilerOptions, files }),
)
console.log(`${files.length} examples`)
process.exitCode = await run(tool('tsc'), ['-p', join(folder, 'tsconfig.json')])
